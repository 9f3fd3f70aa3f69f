"""From event files to behaviour: raw events, sessions, refresh dates, features before the landmark, outcomes after.

Add here: what can be said of users without a model. Keep out: segments and everything learned.
"""
