"""The pages of the dashboard, one module each with a function `show`; not named `pages`, which Streamlit would read.

Add here: a page. Keep out: figures (figures.py), words (texts/), questions (client/).
"""
