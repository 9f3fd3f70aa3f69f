"""Facts that stand on several pages, said the same way on each.

Add here: another such fact. Keep out: facts of one page, and how facts look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.report.content import Fact

if TYPE_CHECKING:
    from segmentation_pipeline.client.retention import SurvivalFit
    from segmentation_pipeline.client.segments import SegmentSummary
    from segmentation_pipeline.wording import Texts


def drop_off_fact(found: SegmentSummary | SurvivalFit | None, texts: Texts) -> Fact:
    """Return the drop-off of a segment or of all users with its interval, or that it was not observed."""
    if found is None or found.drop_off_rate is None:
        return Fact(texts("facts.drop_off_plain"), "–", texts("facts.not_observed"))
    return Fact(
        texts("facts.drop_off", day=texts.number(found.drop_off_days, digits=1)),
        texts.share(found.drop_off_rate),
        texts.interval(found.drop_off_low, found.drop_off_high),
    )
