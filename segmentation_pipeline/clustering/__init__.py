"""Clustering as a library: scale, reduce, try candidates, choose one, score membership.

Add here: methods that take plain numpy rows and know nothing of users, months or tables.
Keep out: settings, the warehouse, dagster, and every word of a particular stage.
"""
