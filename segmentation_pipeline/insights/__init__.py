"""Insights: the evidence table of each segment, and the advice that cites it.

Add here: advisors, rules, metrics a product team acts on.
Keep out: estimating curves (survival, retention) and learning segments (segments).
"""
