"""state.db: everything that cannot be computed again from files, such as names and notes people gave.

Add here: one module per kind of state (its tables in schema.py, a migration that makes them in migrations.py).
Keep out: anything a refresh can recompute, and knowledge of stages, the warehouse or the published copy.
"""
