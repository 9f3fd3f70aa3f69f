"""Landed files as a library: any format, encoding and delimiter, read into staged rows with file and record number.

A stage describes its records (`kinds.RecordKind`: which columns it wants, how one is judged, what is kept) and gets
them from `staging.open_stage`. Add here: what holds for files of any stage. Keep out: every word of a particular stage.
"""
