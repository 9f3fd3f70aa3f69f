"""The pages of the dashboard, one module each with a function `show`; a folder `pages` Streamlit would take for its own.

Add here: a page. Keep out: figures (figures.py), words (texts/), questions (client/).
"""
