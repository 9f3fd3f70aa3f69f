"""What programs and agents are answered: typed, bounded, named as people name things, each with its refresh.

Add here: an answer two surfaces give (the HTTP API and the agents' server). Keep out: HTTP, protocols, SQL.
"""
