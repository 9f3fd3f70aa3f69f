"""The report of a refresh: one content, told as PDF, as one HTML file and as slides.

Add here: another page, another form. Keep out: what is computed (stages) and how a home is read (client/).
"""
