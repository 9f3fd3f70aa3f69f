"""segmentation_pipeline: raw product events in; stable, honest user segments out.

Add here: nothing but the version. Keep out: imports, so that loading any part stays cheap.
"""

__version__ = "0.1.0"
