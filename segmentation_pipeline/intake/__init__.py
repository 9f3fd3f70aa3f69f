"""What people bring into a home and ask of it: files with a preview, and refreshes with their progress.

Add here: another thing a surface lets people bring or ask for. Keep out: reading what was found (client/), and widgets.
"""
