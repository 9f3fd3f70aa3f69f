"""Stage: users at risk at the landmark -> segments with identity, words and drop-off; today's users scored.

Add here: tables about segments and what computes them.
Keep out: clustering methods as such (clustering/), curves and Cox (retention/), advice (insights/).
"""
