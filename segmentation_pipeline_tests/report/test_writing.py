"""Files of a report: where they are, by the command and by each refresh, which never fails because of them."""

from __future__ import annotations

import io

import dagster as dg
import pytest
from pptx import Presentation
from typer.testing import CliRunner

from segmentation_pipeline.cli import app
from segmentation_pipeline.definitions import CUSTOMERS_REFRESH, DAILY_UPDATE, LEADS_UPDATE, MONTHLY_REFRESH, build_defs
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.orchestration.published import PUBLISHED_WAREHOUSE
from segmentation_pipeline.report import writing
from segmentation_pipeline.report.assets import PARTITION_TAG, REPORT, WRITTEN_CHECK, report_asset
from segmentation_pipeline.report.writing import FORMS
from segmentation_pipeline.warehouse.resource import warehouse_resource


def with_report(home, *lines):
    """Give a home of its own settings of reports."""
    told = home.settings_file.read_text(encoding="utf-8").replace(
        "formats = []\n", "".join(f"{one}\n" for one in lines)
    )
    home.settings_file.write_text(told, encoding="utf-8")
    return home


def run_asset(root, month="2026-01-01"):
    """Run the asset as a job of that month does; return the outcome and its check."""
    done = dg.materialize(
        [report_asset("published_warehouse", ["team:data"])],
        resources={"warehouse": warehouse_resource(root)},
        tags={PARTITION_TAG: month},
    )
    assert done.success
    (check,) = done.get_asset_check_evaluations()
    assert check.check_name == WRITTEN_CHECK
    return done, check


def test_a_run_leaves_the_report_of_its_month_in_the_home(home):
    _, check = run_asset(with_report(home, 'language = "tr"').root)
    folder = home.exports / "reports" / "2026-01"
    assert check.passed
    assert sorted(path.name for path in folder.iterdir()) == [f"report-2026-01-tr.{form}" for form in sorted(FORMS)]
    pdf, html, deck = ((folder / f"report-2026-01-tr.{form}").read_bytes() for form in ("pdf", "html", "pptx"))
    assert pdf.startswith(b"%PDF-1.")
    assert "Kullanıcı segmentleri" in html.decode()
    assert html.count(b"<svg") == 14
    assert len(Presentation(io.BytesIO(deck)).slides) > 14


def test_a_run_writes_the_forms_asked_for_and_none_where_none_is(home, quick_forms):
    run_asset(home.root)
    assert not home.exports.exists()
    run_asset(with_report(home, 'formats = ["html"]').root)
    assert [path.name for path in (home.exports / "reports" / "2026-01").iterdir()] == ["report-2026-01-en.html"]


def test_every_job_that_publishes_a_month_or_leads_ends_with_the_report(home):
    defs = build_defs(home_root=home.root)
    for job in (MONTHLY_REFRESH, CUSTOMERS_REFRESH, LEADS_UPDATE):
        keys = {key.to_user_string() for key in defs.resolve_job_def(job).asset_layer.executable_asset_keys}
        assert {REPORT, PUBLISHED_WAREHOUSE} <= keys
    assert REPORT not in {
        key.to_user_string() for key in defs.resolve_job_def(DAILY_UPDATE).asset_layer.executable_asset_keys
    }


@pytest.fixture
def quick_forms(monkeypatch, undrawn):
    monkeypatch.setattr(writing, "FORMS", {form: lambda report: report.title.encode() for form in FORMS})


def test_the_command_writes_the_month_and_language_asked_for(home, tmp_path, quick_forms):
    out = tmp_path / "board"
    asked = ["report", "--home", str(home.root), "--month", "2026-01", "--language", "tr", "--out", str(out)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert (out / "report-2026-01-tr.html").read_text() == "Kullanıcı segmentleri, Ocak 2026"
    assert str(out / "report-2026-01-tr.pdf") in done.output.replace("\n", "")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--month", "2020-01"), "There is no refresh 2020-01"),
        (("--month", "soon"), "soon"),
        (("--language", "de"), "choose one of en, tr"),
    ],
)
def test_what_cannot_be_written_says_what_can(home, options, says):
    done = CliRunner().invoke(app, ["report", "--home", str(home.root), *options])
    assert done.exit_code == 2
    assert says in done.output
    assert not home.exports.exists()


@pytest.mark.parametrize("defect", [False, True])
def test_a_run_succeeds_without_its_report_and_says_why_there_is_none(tmp_path, home, monkeypatch, undrawn, defect):
    if defect:
        monkeypatch.setattr(writing, "FORMS", {"pdf": lambda report: 1 / 0})
    _, check = run_asset(with_report(home).root if defect else create_home(tmp_path / "empty").root)
    assert not check.passed
    assert ("ZeroDivisionError" if defect else "Nothing is published") in check.description
