"""Typed read access to a published home: the one implementation under everything people and programs look at.

Add here: a question readers ask of a refresh. Keep out: writing, and the live warehouse file.
"""
