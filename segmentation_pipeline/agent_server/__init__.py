"""`segpipe mcp`: the answers of a home as tools for agents, over the Model Context Protocol on stdin and stdout.

Add here: a tool, as one call. Keep out: what is answered (answers/). Named so that it does not hide the package mcp.
"""
