"""Which silence means leaving: chances to come back by hand, and logs too short to tell."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.survival.inactivity import Silences, choose_threshold


def _silences(days, returned, still_silent) -> Silences:
    return Silences(np.array(days, float), np.array(returned), np.array(still_silent))


def test_silences_that_still_last_are_neither_returns_nor_leaving() -> None:
    # At risk 10, 6, 3: of those silent for 2 days 2 of 6 return on day 2 and 1 of 3 on day 4.
    found = _silences([1, 2, 4], [4, 2, 1], [0, 1, 2])
    assert found.at_risk.tolist() == [10, 6, 3]
    assert found.return_share(2, 4) == pytest.approx(1 - (4 / 6) * (2 / 3))
    assert found.return_share(2, 3) == pytest.approx(1 / 3)
    assert found.return_share(5, 9) is None
    assert (found.followed_days(6), found.followed_days(11)) == (2.0, 0.0)


def test_the_first_day_on_which_fewer_than_one_in_twenty_return() -> None:
    # 1,000 silences; 900 end within 3 days, 4 of the 100 longer ones on day 6, all others last to day 20.
    found = choose_threshold(_silences([1, 2, 3, 6, 20], [500, 300, 100, 4, 0], [0, 0, 0, 0, 96]), 20)
    assert (found.days, found.silence_count, found.followed_days) == (4, 100, 20.0)
    assert found.return_share == pytest.approx(0.04)


def test_monthly_visitors_are_not_taken_for_gone_after_a_day() -> None:
    found = choose_threshold(_silences([30, 100], [95, 0], [0, 50]), 20)
    assert found.days == 31


def test_a_log_that_ends_before_a_return_could_be_seen_gives_no_threshold() -> None:
    # From day 5 on nobody returns any more, but nobody was followed to day 10 either.
    found = choose_threshold(_silences([1, 2, 3, 4, 9], [50, 30, 20, 10, 0], [0, 0, 0, 0, 25]), 20)
    assert (found.days, found.followed_days) == (None, 9.0)
    assert found.return_share == pytest.approx(10 / 35)
    assert found.silence_count == 35


def test_without_silences_nothing_is_known() -> None:
    found = choose_threshold(_silences([], [], []), 20)
    assert (found.days, found.return_share, found.silence_count, found.followed_days) == (None, None, 0, 0.0)
