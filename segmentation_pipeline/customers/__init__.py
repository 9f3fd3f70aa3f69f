"""Customers by rule: from purchase lines to eight dimensions, what is missing, and what to do; one payload or all.

Add here: another rule over purchase history. Keep out: everything learned from behaviour (events, segments).
"""

from segmentation_pipeline.customers.single import analyze, analyzer
from segmentation_pipeline.errors import InvalidPayload

__all__ = ["InvalidPayload", "analyze", "analyzer"]
