"""Texts that stand for a value nobody told.

Add here: another such text. Keep out: words a home adds in its settings (hidden nulls of leads).
"""

MISSING = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""Texts that mean a missing value: those pandas takes for one, so that system E's figures can be compared."""
