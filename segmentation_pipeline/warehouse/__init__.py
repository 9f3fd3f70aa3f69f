"""The DuckDB file of a home: connect, lock, transaction, contracts, publish.

Add here: what every stage needs of storage. Keep out: any stage's tables or SQL.
"""
