"""Alerts: what went wrong, why, and what to do next; the same trouble is told once a while.

Add here: when a trouble is told again. Keep out: what is one (troubles.py), and the ways of telling (alert_ways.py).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from segmentation_pipeline.activation_settings import AlertSettings
from segmentation_pipeline.config import Settings, find_home
from segmentation_pipeline.errors import AlertNotSent, PipelineError
from segmentation_pipeline.orchestration.alert_ways import Way, alert_ways
from segmentation_pipeline.orchestration.troubles import look, read_cursor, start_now, trouble_of, write_cursor
from segmentation_pipeline.state.alerts import (
    FailedWay,
    Trouble,
    failed_ways,
    not_counted_yet,
    note_told,
    note_untold,
    note_way,
    to_tell,
)
from segmentation_pipeline.state.database import State, open_state

ALERT_INTERVAL_S = 30
"""Seconds between two looks at runs that ended."""


@dataclass(frozen=True)
class Told:
    """What was told, and which ways of telling fail; put off: none of them is tried again yet."""

    titles: tuple[str, ...] = ()
    failed: tuple[FailedWay, ...] = ()
    is_put_off: bool = False


def alert_sensor(home_root: Path | None) -> dg.SensorDefinition:
    """Return the sensor that tells of failed runs and failed checks."""

    @dg.sensor(
        name="alert_sensor",
        minimum_interval_seconds=ALERT_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells a webhook or mail recipients of failed runs and checks; the same again only now and then.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            home = find_home(home_root)
            settings = home.settings()
            if not settings.alerts.is_used:
                reason = "nobody is to be told: [alerts] names no webhook and no mail server"
                # What fails meanwhile is not told when somebody is named later.
                return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=write_cursor(start_now()))
            troubles, cursor = look(context.instance, settings.alerts, read_cursor(context.cursor))
            told = tell(troubles, settings, open_state(home, settings), os.environ, utc_now())
        except AlertNotSent:
            raise  # the tick is shown as failed, and a later one tells again
        except PipelineError as error:
            return dg.SkipReason(str(error))
        if told.is_put_off:
            return dg.SkipReason(f"{len(troubles)} troubles wait to be told. {_broken(told.failed)}")
        reason = f"told of: {', '.join(told.titles)}" if told.titles else f"{len(troubles)} troubles, all told before"
        reason = " ".join([reason if troubles else "nothing went wrong", _broken(told.failed)]).strip()
        return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=write_cursor(cursor))

    return sensor


def utc_now() -> datetime:
    """Return the present moment, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def tell(
    troubles: Sequence[Trouble],
    settings: Settings,
    state: State,
    environment: Mapping[str, str],
    now: datetime,
) -> Told:
    """Tell of what is new, or was not told for a while; a way that failed rests a while, longer each time.

    Raises:
        AlertNotSent: no way works; nothing counts as told.
    """
    used = alert_ways(settings.alerts)
    told_before = now - timedelta(hours=settings.alerts.repeat_hours)
    with state.write() as connection:
        failed = {name: way for name, way in failed_ways(connection).items() if name in used}
        fresh = not_counted_yet(connection, troubles)
        new = to_tell(connection, fresh, told_before)
    usable = {name: way for name, way in used.items() if name not in failed or failed[name].rests_until <= now}
    if new and not usable:
        return Told(failed=tuple(failed.values()), is_put_off=True)
    told = []
    for trouble, untold in new:
        _send(trouble, untold, usable, settings.alerts, environment, state, now)
        last_at = max(one.at for one in fresh if one.subject == trouble.subject)
        with state.write() as connection:
            note_told(connection, trouble, now, last_at=last_at)
        told.append(trouble.title)
    subjects = {trouble.subject for trouble, _ in new}
    with state.write() as connection:
        note_untold(connection, [trouble for trouble in fresh if trouble.subject not in subjects])
        failed = {name: way for name, way in failed_ways(connection).items() if name in used}
        broken = to_tell(connection, [_of_way(way, now) for way in failed.values()], told_before) if new else []
    working = {name: way for name, way in usable.items() if name not in failed}
    for trouble, untold in broken if working else []:
        _send(trouble, untold, working, settings.alerts, environment, state, now)
        with state.write() as connection:
            note_told(connection, trouble, now, last_at=now)
        told.append(trouble.title)
    return Told(tuple(told), tuple(failed.values()))


def _send(
    trouble: Trouble,
    untold: int,
    ways: dict[str, Way],
    settings: AlertSettings,
    environment: Mapping[str, str],
    state: State,
    now: datetime,
) -> None:
    """Send one trouble every way, and leave out those that fail from then on.

    Raises:
        AlertNotSent: it reached nobody.
    """
    problems = []
    for name, way in list(ways.items()):
        problem = None
        try:
            way(trouble, untold, settings, environment)
        except AlertNotSent as error:
            problem = str(error)
            problems.append(problem)
            del ways[name]
        with state.write() as connection:
            note_way(connection, name, problem, now)
    if not ways:
        raise AlertNotSent(" ".join(problems))


def _of_way(failed: FailedWay, now: datetime) -> Trouble:
    title = f"alerts by {failed.way} cannot be sent"
    return trouble_of(title, failed.problem, "", key=("alerts", failed.way), run_id="", job_name="alert_sensor", at=now)


def _broken(failed: Sequence[FailedWay]) -> str:
    return " ".join(
        f"The last try by {way.way} failed, the next is not before {way.rests_until:%Y-%m-%d %H:%M} UTC: {way.problem}"
        for way in failed
    )
