"""Files of a report: where they are, by the command and by each refresh, which never fails because of them."""

from __future__ import annotations

import dagster as dg
import pytest
from typer.testing import CliRunner

from segmentation_pipeline.cli import app
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.report import writing
from segmentation_pipeline.report.assets import WRITTEN_CHECK, report_asset
from segmentation_pipeline.report.writing import FORMS
from segmentation_pipeline.warehouse.resource import warehouse_resource


def test_a_refresh_leaves_its_report_in_the_home(planted_home):
    folder = planted_home.exports / "reports" / "2026-01"
    assert sorted(path.name for path in folder.iterdir()) == [f"report-2026-01-en.{form}" for form in sorted(FORMS)]
    assert (folder / "report-2026-01-en.pdf").read_bytes().startswith(b"%PDF-1.")


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


def test_the_language_of_the_home_is_the_one_of_its_settings(home, quick_forms):
    with home.settings_file.open("a", encoding="utf-8") as file:
        file.write('\n[report]\nlanguage = "tr"\n')
    assert writing.write_report(home).paths["pdf"].name == "report-2026-01-tr.pdf"


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
    root = home.root if defect else create_home(tmp_path / "empty").root
    done = dg.materialize(
        [report_asset("published_warehouse", ["team:data"])], resources={"warehouse": warehouse_resource(root)}
    )
    assert done.success
    (check,) = done.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == (WRITTEN_CHECK, False)
    assert ("ZeroDivisionError" if defect else "Nothing is published") in check.description
