"""One refresh of a home -> the content of its report, whatever the home has: events, customers, leads, any subset.

Add here: another page, at its place. Keep out: what is on a page, and the forms.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import has_table
from segmentation_pipeline.errors import NotFound
from segmentation_pipeline.report.closing_pages import methods_page, quality_page
from segmentation_pipeline.report.content import Callout, Fact, Facts, Page, Report
from segmentation_pipeline.report.reading import Material
from segmentation_pipeline.report.segment_pages import segment_pages
from segmentation_pipeline.report.summary import changes_page, todo_page
from segmentation_pipeline.report.trade_pages import customers_page, leads_page
from segmentation_pipeline.wording import load_texts

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.client.refreshes import RefreshSummary
    from segmentation_pipeline.client.snapshot import Snapshot
    from segmentation_pipeline.wording import Texts


def build_report(snapshot: Snapshot, month: date | None, locale: str) -> Report:
    """Return the report of a refresh, by default the newest, in a language.

    Raises:
        NotFound: there is no such refresh, or nothing a report could be about.
    """
    texts = load_texts(__package__, locale)
    known = {refresh.refresh_month: refresh for refresh in snapshot.refreshes()}
    wanted = _month(snapshot, month, known)
    refresh = known.get(wanted)
    trade = [page for page in (customers_page(snapshot, wanted, texts), leads_page(snapshot, texts)) if page]
    if refresh is None and not trade:
        raise NotFound(f"Nothing is published of {wanted:%Y-%m}. Next: `segpipe run --month {wanted:%Y-%m}`.")
    pages = _user_pages(Material(snapshot, refresh, texts)) if refresh else []
    methods = [methods_page(Material(snapshot, refresh, texts))] if refresh and refresh.has_segments else []
    pages = [*pages, *trade, *methods, quality_page(snapshot, wanted, texts, follows=bool(methods))]
    title = texts("report.title" if refresh else "report.title_trade", month=texts.month(wanted))
    made_at = _made_at(snapshot, wanted, refresh).replace(microsecond=0)
    footer = texts("report.footer", title=title, day=texts.day(made_at))
    return Report(title, _subtitle(made_at, refresh, texts), footer, locale, wanted, made_at, tuple(pages))


def _month(snapshot: Snapshot, asked: date | None, known: dict[date, RefreshSummary]) -> date:
    """Return the month of the report: of users, else of customers, else that of the newest import of leads."""
    if known and (asked is None or asked in known):
        return snapshot.month(asked)
    customers = snapshot.customers(asked)
    if customers is not None:
        return customers.refresh_month
    imports = snapshot.lead_imports()
    if known or (asked is not None and not imports):
        return snapshot.month(asked) if known else asked or snapshot.month(asked)
    if not imports:
        raise NotFound("Nothing is published that a report could be about. Next: `segpipe run`.")
    newest = imports[-1].as_of or _published_at(snapshot)
    return asked or newest.date().replace(day=1)


def _made_at(snapshot: Snapshot, month: date, refresh: RefreshSummary | None) -> datetime:
    if refresh is not None:
        return refresh.as_of
    customers = snapshot.customers(month)
    if customers is not None:
        return customers.as_of
    return snapshot.lead_imports()[-1].as_of or _published_at(snapshot)


def _published_at(snapshot: Snapshot) -> datetime:
    """Return when the newest table of the copy was written: the same for every report of that copy."""
    if has_table(snapshot.connection, "table_writes"):
        rows = snapshot.connection.execute("SELECT max(written_recorded_at) FROM table_writes").fetchall()
        if rows[0][0] is not None:
            return datetime.fromisoformat(str(rows[0][0]))
    return datetime(1970, 1, 1)  # noqa: DTZ001 - as stored: UTC, without a zone


def _subtitle(made_at: datetime, refresh: RefreshSummary | None, texts: Texts) -> str:
    told = [texts("report.as_of", day=texts.moment(made_at))]
    if refresh is not None and refresh.is_provisional:
        told.append(texts("report.provisional"))
    if refresh is not None and refresh.is_stale:
        told.append(texts("report.stale"))
    return "; ".join(told)


def _user_pages(material: Material) -> list[Page]:
    if not material.refresh.has_segments:
        return [_too_little(material)]
    return [changes_page(material), todo_page(material), *segment_pages(material)]


def _too_little(material: Material) -> Page:
    texts, refresh = material.texts, material.refresh
    reason = refresh.status_reason or texts("verdict.insufficient_data_brief")
    facts = Facts(
        (
            Fact(texts("facts.at_risk"), texts.count(refresh.at_risk_count), texts("facts.at_risk_note")),
            Fact(
                texts("facts.segments"), "0", texts("facts.ended", count=texts.count(refresh.ended_early_count))
            ),
        )
    )  # fmt: skip
    callout = Callout(texts("verdict.insufficient_data"), reason, "caution")
    return Page(texts("verdict.insufficient_data"), texts("verdict.insufficient_data_says"), (callout, facts))
