"""The dashboard: what product people look at, in the browser, on this machine.

Add here: a page (screens/), a figure (figures.py), words (texts/).
Keep out: questions to the published copy (client/) and statistics of any kind.
"""
