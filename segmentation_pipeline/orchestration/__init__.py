"""How the graph runs: partitions, the table-asset and check factories, jobs, schedules, sensors, dead runs.

Add here: what concerns runs. Keep out: what any asset computes.
"""
