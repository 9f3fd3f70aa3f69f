"""Both clocks' date tables, the choice between them, and the lead-in, against dates computed by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from segmentation_pipeline.config import Settings, TimeSettings
from segmentation_pipeline.errors import InputError, SettingsError
from segmentation_pipeline.events.clock import (
    LeadInTrial,
    LogSpan,
    allowed_lead_ins,
    calendar_dates,
    choose_clock,
    choose_lead_in,
    entry_dates,
    first_full_month,
    log_months,
    log_span,
    measure_clock,
    refresh_dates,
)
from segmentation_pipeline_tests.events.logs import at, log_database

DEFAULTS = TimeSettings(window_days=30, horizon_days=14, entry_cohort_days=30)
DAY_S = 86_400.0


def span(start, end):
    return LogSpan(at(start), at(end))


LONG_LOG = span("2025-06-10", "2026-05-20 12:00")


@pytest.mark.parametrize(
    ("month", "as_of", "landmark", "window_start", "is_provisional"),
    [
        ("2026-03-01", "2026-04-01", "2026-03-18", "2026-02-16", False),
        ("2026-02-01", "2026-03-01", "2026-02-15", "2026-01-16", False),
        ("2025-12-01", "2026-01-01", "2025-12-18", "2025-11-18", False),
        ("2026-05-01", "2026-05-20 12:00", "2026-05-06 12:00", "2026-04-06 12:00", True),
    ],
)
def test_the_calendar_landmark_lies_one_horizon_before_the_month_or_the_log_ends(
    month, as_of, landmark, window_start, is_provisional
):
    dates = calendar_dates(dt.date.fromisoformat(month), LONG_LOG, DEFAULTS)
    assert (dates.as_of, dates.landmark_at, dates.window_start) == (at(as_of), at(landmark), at(window_start))
    assert (dates.window_days, dates.horizon_days) == (30, 14)
    assert (dates.is_provisional, dates.is_proportional, dates.is_fully_followed) == (is_provisional, False, True)


def test_a_log_shorter_than_window_and_horizon_is_cut_in_their_proportion():
    dates = calendar_dates(dt.date(2026, 1, 1), span("2026-01-05", "2026-01-16"), DEFAULTS)
    assert dates.landmark_at == at("2026-01-12 12:00")
    assert dates.window_start == at("2026-01-05")
    assert (dates.window_days, dates.horizon_days, dates.is_proportional) == (7.5, 3.5, True)
    assert "11.00 days is shorter than 44" in dates.rule


def test_a_log_of_exactly_window_and_horizon_is_not_cut():
    dates = calendar_dates(dt.date(2026, 2, 1), span("2026-01-01", "2026-02-14"), DEFAULTS)
    assert (dates.is_proportional, dates.window_start) == (False, at("2026-01-01"))


def test_the_entry_cohort_is_everyone_who_can_be_followed_for_the_whole_horizon():
    dates = entry_dates(dt.date(2026, 3, 1), LONG_LOG, DEFAULTS, 3 * DAY_S)
    assert (dates.cohort_from, dates.cohort_to) == (at("2026-02-13"), at("2026-03-15"))
    assert (dates.landmark_at, dates.as_of, dates.window_start) == (
        at("2026-03-18"),
        at("2026-04-01"),
        at("2026-02-13"),
    )
    assert (dates.window_days, dates.horizon_days, dates.is_fully_followed) == (3, 14, True)


@pytest.mark.parametrize(
    ("time", "log"),
    [
        (DEFAULTS, span("2026-02-20", "2026-05-20")),
        (DEFAULTS.model_copy(update={"entry_cohort_days": "all"}), LONG_LOG),
    ],
    ids=["shorter log", "all"],
)
def test_a_shorter_log_or_all_takes_everyone_whose_landmark_lies_before_the_end_and_censors_there(time, log):
    dates = entry_dates(dt.date(2026, 3, 1), log, time, 3 * DAY_S)
    assert (dates.cohort_from, dates.cohort_to) == (None, at("2026-03-29"))
    assert dates.landmark_at == dates.as_of == at("2026-04-01")
    assert not dates.is_fully_followed
    assert dates.horizon_days == (at("2026-03-29") - log.start_at) / dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("month", "words"), [("2025-05-01", "the log begins on 2025-06-10"), ("2026-06-01", "the log ends on 2026-05-20")]
)
@pytest.mark.parametrize("clock", ["calendar", "entry"])
def test_a_month_outside_the_log_says_so_and_keeps_its_dates_in_order(month, words, clock):
    settings = Settings(clock=clock, lead_in_hours=24)
    dates = refresh_dates(dt.date.fromisoformat(month), LONG_LOG, settings)
    assert words in (dates.empty_reason or "")
    assert dates.window_start <= dates.landmark_at <= dates.as_of


def test_a_refresh_without_a_clock_names_the_command_that_measures_it():
    with pytest.raises(SettingsError, match="segpipe configure"):
        refresh_dates(dt.date(2026, 3, 1), LONG_LOG, Settings())


@pytest.mark.parametrize(
    ("log", "month"),
    [
        (span("2026-01-01", "2026-03-10"), "2026-01-01"),
        (span("2026-01-01 23:00", "2026-03-10"), "2026-01-01"),
        (span("2026-01-05", "2026-03-10"), "2026-02-01"),
        (span("2025-12-31 22:38", "2026-01-31 18:00"), "2026-01-01"),
        (span("2026-01-05", "2026-02-20"), None),
    ],
)
def test_the_first_full_month_is_covered_but_for_a_quiet_day_at_either_end(log, month):
    assert first_full_month(log) == (dt.date.fromisoformat(month) if month else None)


@pytest.mark.parametrize(("at_risk", "clock"), [(49, "entry"), (50, "calendar"), (100, "calendar"), (0, "entry")])
def test_the_entry_clock_is_chosen_where_fewer_than_half_are_still_at_risk(at_risk, clock):
    assert choose_clock(at_risk, 100) == clock


@pytest.mark.parametrize(
    ("medians", "hours"),
    [((12, 20, 30), 1.0), ((4, 10, 30), 6.0), ((1, 2, 10), 24.0), ((1, 2, 3), 24.0)],
    ids=["shortest", "ten suffice", "longest", "none suffices"],
)
def test_the_lead_in_is_the_shortest_with_ten_events_else_the_longest_allowed(medians, hours):
    trials = [LeadInTrial(h, 100, m) for h, m in zip((1.0, 6.0, 24.0), medians, strict=True)]
    assert choose_lead_in(trials) == hours


@pytest.mark.parametrize(
    ("log", "allowed"),
    [
        (span("2026-01-01", "2026-01-04"), (1.0, 6.0, 24.0)),
        (span("2026-01-01", "2026-01-03 23:00"), (1.0, 6.0)),
        (span("2026-01-01", "2026-01-01 01:00"), (1.0,)),
        (span("2025-01-01", "2026-01-01"), (1.0, 6.0, 24.0, 72.0, 168.0, 336.0)),
    ],
)
def test_a_lead_in_takes_at_most_a_third_of_the_log(log, allowed):
    assert allowed_lead_ins(log) == allowed


ROLES = {"start": ["open"], "churn": ["leave"]}


def cases(*, ended_after_days):
    """Return 60 cases over two months: opened each day, a step every two hours, closed after so many days."""
    events = []
    for number in range(60):
        opened = at("2026-01-01") + dt.timedelta(days=number)
        events.append((f"case-{number}", opened, "open"))
        steps = int(ended_after_days * 12)
        events += [(f"case-{number}", opened + dt.timedelta(hours=2 * step), "step") for step in range(1, steps)]
        events.append((f"case-{number}", opened + dt.timedelta(days=ended_after_days), "leave"))
    return events


def test_short_cases_choose_the_entry_clock_with_every_figure_recorded():
    with log_database(cases(ended_after_days=2)) as db:
        measured = measure_clock(db, Settings.model_validate({"roles": ROLES}))
    # January is full; its log of 31 days is cut in proportion: the landmark lies at 31 * 30/44 = 21.14 days. By then
    # cases 1 to 22 are open or over; case 19 ended at day 21.0, so those opened on day 20 and 21 remain.
    assert (measured.clock, measured.judged_month) == ("entry", "2026-01")
    assert (measured.at_risk_count, measured.window_user_count) == (2, 22)
    # Within 1 h: the opening alone; 6 h: steps at 2 and 4 h too; 24 h: 1 + 11.
    assert [(t.lead_in_hours, t.median_event_count) for t in measured.trials] == [(1, 1), (6, 3), (24, 12)]
    assert (measured.lead_in_s, measured.first_month) == (24 * 3600, dt.date(2026, 1, 1))
    assert "2 of 22 users" in measured.figures[0]


def test_long_lives_choose_the_calendar_clock_which_has_no_lead_in():
    with log_database(cases(ended_after_days=40)) as db:
        measured = measure_clock(db, Settings.model_validate({"roles": ROLES}))
    assert (measured.clock, measured.lead_in_s) == ("calendar", None)


@pytest.mark.parametrize(
    ("strays", "usual", "start"),
    [
        (1, 1_000, "2026-01-05"),  # one in a thousand, then half a century of silence: a clock that was never set
        (1, 900, "1970-01-01"),  # too large a part of the log to be left out
        (0, 1_000, "2026-01-05"),
    ],
)
def test_a_stray_time_is_not_the_beginning_of_the_log(strays, usual, start):
    events = [("lost", "1970-01-01", "a")] * strays + [
        ("u", f"2026-01-05 00:{n // 60:02d}:{n % 60:02d}", "a") for n in range(usual)
    ]
    with log_database(events) as db:
        assert log_span(db).start_at == at(start)


def test_a_silence_of_six_months_is_no_reason_to_leave_anything_out():
    events = [("u", "2025-06-30", "a"), *(("u", f"2026-01-05 {n // 60:02d}:{n % 60:02d}", "a") for n in range(1_200))]
    with log_database(events) as db:
        assert log_span(db).start_at == at("2025-06-30")


def test_measuring_an_empty_log_says_where_files_belong():
    with log_database() as db:
        assert log_months(db) is None
        with pytest.raises(InputError, match="landing"):
            measure_clock(db, Settings())


def test_real_loan_offers_choose_the_entry_clock_with_a_lead_in_of_a_day(loan_offers):
    measured = measure_clock(loan_offers, Settings.model_validate({"roles": LOAN_ROLES}))
    assert (measured.clock, measured.lead_in_hours, measured.judged_month) == ("entry", 24, "2011-10")
    assert (measured.at_risk_count, measured.window_user_count) == (581, 1680)
    assert log_months(loan_offers) == (dt.date(2011, 9, 1), dt.date(2012, 3, 1))


LOAN_ROLES = {"start": ["a_submitted"], "churn": ["a_declined", "a_cancelled"], "conversion": ["a_approved"]}
