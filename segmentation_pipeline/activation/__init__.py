"""Segments written back to the tools where people act: PostHog, Attio, a signed webhook or a CSV file.

A plan first (what to add, change, clear, and whom to withhold), then only the changed rows, each confirmed in state.db.
Add here: another destination, as a sink (a module like posthog.py) with its table and asset.
Keep out: finding segments, and reading settings or keys anywhere but in syncing.py.
"""
