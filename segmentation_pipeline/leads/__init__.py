"""Leads: CRM exports -> leads, clusters, personas ranked by conversion, and the files people download.

Add here: what is computed from leads. Keep out: events, segments and purchases; this wing shares only the platform.
"""
