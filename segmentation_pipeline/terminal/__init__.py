"""What the `segpipe` command prints: progress, the summary of a refresh, the doctor's report.

Add here: another thing shown in a terminal. Keep out: computing what is shown.
"""
