"""Files that `segpipe init` writes into a new home.

Add here: another file every home starts with. Keep out: code.
"""
