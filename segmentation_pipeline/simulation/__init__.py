"""Simulated deal-flow logs with a known truth: the committed sample, and the logs the methods are tried on.

Add here: populations, scenarios and the writing of simulated logs.
Keep out: anything of the pipeline's stages; a simulator that knew the features could be tuned to please them.
"""
