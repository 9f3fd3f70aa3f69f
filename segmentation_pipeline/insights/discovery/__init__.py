"""Segments discovered from behaviour vectors: by a language model, or offline by a small tree anyone can read.

Add here: another way to discover or assign (implement `protocol.Provider`).
Keep out: the clusters of segments/, which never depend on what is found here.
"""
