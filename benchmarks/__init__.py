"""Measurements: each figure as a ratio to a named peer or against a stated bound, in the same run.

Add here: a module with `run() -> list[Figure]`. Keep out: tests; nothing here decides whether a build is green.
"""
