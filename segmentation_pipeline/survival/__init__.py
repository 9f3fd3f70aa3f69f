"""Survival estimators: a library that knows no stage; segments and retention both call it.

Add here: curves, incidence, comparison, Cox, drop-off at a day (pure functions on arrays).
Keep out: tables, settings, Dagster, pictures. These live in `retention`.
"""
