"""Retention: who stays, judged only on what happened after the landmark.

Add here: tables, assets, checks and pictures of survival per segment.
Keep out: the estimators themselves (survival, a library) and forming segments (segments).
"""
