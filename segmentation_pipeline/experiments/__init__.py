"""Stage after insights: what each recommended experiment would cost in its own segment, and whether it can decide.

Add here: another way of weighing an experiment before it is run.
Keep out: running experiments, and what people decide about them (state/roadmap.py).
"""
