"""The last pages: how it was found, in plain words, and how good the data is.

Add here: another thing a careful reader asks. Keep out: figures of segments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.client import advice as advice_queries
from segmentation_pipeline.client import quality
from segmentation_pipeline.report.content import Bullets, Fact, Facts, Heading, Page, Table, Text
from segmentation_pipeline.report.reading import OVERALL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from segmentation_pipeline.client.evidence import EvidenceTest
    from segmentation_pipeline.client.snapshot import Snapshot
    from segmentation_pipeline.report.content import Block
    from segmentation_pipeline.report.reading import Material
    from segmentation_pipeline.wording import Texts

MOST_REASONS = 8
MOST_FILES = 5
MOST_CHECKS = 8
MOST_CHARS = 110
"""Of an example of a rejected record."""


def methods_page(material: Material) -> Page:
    """Return how segments, drop-off, advice and experiments came about."""
    texts = material.texts
    told = (
        ("landmark", ""),
        ("identity", ""),
        ("evidence", _tests(material)),
        ("drop_off", _silence(material)),
        ("advice", None if (counts := _claims(material)) is None else counts),
        ("power", None if not material.power else ""),
    )
    blocks: list[Block] = []
    for name, more in told:
        if more is None:
            continue
        says = more if name == "advice" else f"{texts(f'methods.{name}_says', **_slots(material, name))} {more}".strip()
        blocks += [Heading(texts(f"methods.{name}")), Text(says)]
    return Page(texts("methods.title"), texts("methods.lead"), tuple(blocks))


def quality_page(snapshot: Snapshot, month: date, texts: Texts, *, follows: bool) -> Page:
    """Return what came in, what was rejected and why, and whether the checks hold."""
    files = quality.landed_files(snapshot.connection)
    read, accepted, rejected, duplicates = (
        sum(getattr(file, f"{name}_count") for file in files) for name in ("read", "accepted", "rejected", "duplicate")
    )

    def of_all(count: int) -> str:
        return texts("quality.share_note", share=texts.share(count / read, digits=1)) if read else ""

    facts = (
        Fact(texts("quality.read"), texts.count(read)),
        Fact(texts("quality.accepted"), texts.count(accepted), of_all(accepted)),
        Fact(texts("quality.rejected"), texts.count(rejected), of_all(rejected)),
        Fact(texts("quality.duplicates"), texts.count(duplicates), of_all(duplicates)),
    )
    blocks = (
        Facts(facts),
        *_cancelled(read - accepted - rejected - duplicates, texts),
        Heading(texts("quality.reasons")),
        *_rejections(snapshot, texts),
        *_unreadable(files, texts),
        Heading(texts("quality.checks")),
        *_checks(snapshot, month, texts),
    )
    return Page(texts("quality.title"), texts("quality.lead"), blocks, follows=follows)


def _slots(material: Material, name: str) -> dict[str, str]:
    if name != "power":
        return {}
    power = next(iter(material.power.values()))
    return {"weeks": material.texts.count(power.max_weeks), "power": material.texts.share(power.power)}


def _tests(material: Material) -> str:
    texts = material.texts
    tests = [test for test in material.snapshot.evidence(material.month) if test.cluster_id == OVERALL]

    def names(found: list[EvidenceTest]) -> str:
        return "; ".join(texts.choice("test", one.test) for one in found)

    passed, failed = [test for test in tests if test.is_passed], [test for test in tests if not test.is_passed]
    told = [texts("methods.passed", tests=names(passed))] if passed else []
    told += [texts("methods.failed", tests=names(failed))] if failed else []
    return " ".join(told)


def _silence(material: Material) -> str:
    texts, told = material.texts, []
    if material.refresh.inactivity_days is not None:
        told.append(texts("methods.drop_off_silence", days=texts.number(material.refresh.inactivity_days, digits=0)))
    if any(fit.is_mechanical for fit in material.fits.values()):
        told.append(texts("methods.mechanical"))
    return " ".join(told)


def _claims(material: Material) -> str | None:
    texts = material.texts
    found = advice_queries.segment_advice(material.snapshot.connection, material.month)
    if not found:
        return None
    advisors = sorted({row.advisor for row in found.values()})
    return texts(
        "methods.advice_says",
        claims=texts.count(sum(row.claim_count for row in found.values())),
        refused=texts.count(sum(row.refused_count for row in found.values())),
        advisor=", ".join(texts("methods.rules") if advisor == "rules" else advisor for advisor in advisors),
    )


def _cancelled(count: int, texts: Texts) -> Iterator[Block]:
    """Yield what became of the records that are neither used nor refused: purchases that were cancelled."""
    if count > 0:
        yield Text(texts("quality.cancelled", count=texts.count(count)), quiet=True)


def _rejections(snapshot: Snapshot, texts: Texts) -> Iterator[Block]:
    found = quality.rejections(snapshot.connection)[:MOST_REASONS]
    if not found:
        yield Text(texts("quality.none"))
        return
    headers = (texts("quality.reason"), texts("quality.records"), texts("quality.example"))
    rows = tuple(
        (texts.choice("reason", one.reason), texts.count(one.record_count), _cut(one.example_message)) for one in found
    )
    yield Table(headers, rows, left=(0, 2))


def _unreadable(files: list[quality.LandedFile], texts: Texts) -> Iterator[Block]:
    found = [file for file in files if file.status == "error"][:MOST_FILES]
    if found:
        yield Heading(texts("quality.files"))
        yield Bullets(tuple(f"`{file.file_name}`: {_cut(file.error or '')}" for file in found))


def _checks(snapshot: Snapshot, month: date, texts: Texts) -> Iterator[Block]:
    results = [one for one in quality.check_results(snapshot.connection) if one.refresh_month in (None, month)]
    failed = [one for one in results if not one.is_passed]
    count = texts.count(len(results))
    if not failed:
        yield Text(texts("quality.fine", count=count))
        return
    yield Text(texts("quality.failed", failed=texts.count(len(failed)), count=count) + ":")
    yield Bullets(
        tuple(
            f"`{one.table_name}.{one.check_name}` ({texts.choice('severity', one.severity)}): {_cut(one.description)}"
            for one in failed[:MOST_CHECKS]
        )
    )


def _cut(text: str) -> str:
    line = " ".join(text.split()).replace("`", "'")
    return line if len(line) <= MOST_CHARS else line[: MOST_CHARS - 1].rstrip() + "…"
