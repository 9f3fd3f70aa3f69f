"""`segpipe api`: the answers of a home over HTTP, for programs; the roadmap may be written with a token.

Add here: what HTTP needs (routes, limits, tokens, problems). Keep out: what is answered (answers/) and SQL (client/).
"""
