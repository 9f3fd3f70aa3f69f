"""Pages of the documentation; those generated from the source are written by `make docs`.

Add here: nothing. Keep out: code other than what writes pages.
"""
