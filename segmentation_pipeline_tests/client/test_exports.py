"""The roadmap as files: the same bytes for the same plans, and no text of anybody computes or links anything."""

import csv
import dataclasses
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline import client
from segmentation_pipeline.client.exports import COLUMNS, FORMULA_STARTS, experiment_brief, roadmap_csv
from segmentation_pipeline_tests.client.experiment_samples import CALL, GREET, NEW, make_advised_home


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    made = client.open(make_advised_home(tmp_path_factory.mktemp("exported") / "home").root)
    made.add_to_roadmap(GREET, by="ada", owner="@SUM(A1)", note='=HYPERLINK("http://x")\n# not a heading')
    made.add_to_roadmap(CALL, by="-1+1", status="running", starts_on=date(2026, 3, 1), priority=1)
    made.add_to_roadmap(NEW, by="ada")
    return made


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_entry_is_a_line_with_its_plan_and_its_figures(opened):
    rows = read(opened.roadmap_csv())
    assert [row["recommendation_id"] for row in rows] == [CALL, GREET, NEW]
    assert list(rows[0]) == list(COLUMNS)
    told = ("status", "priority", "starts_on", "segment", "verdict", "weeks_to_decide")
    assert [rows[0][name] for name in told] == ["running", "1", "2026-03-01", "Night owls", "not_computed", ""]
    assert (rows[1]["verdict"], rows[1]["union_segments"]) == ("run_in_union", "2026-01-a 2026-02-a")
    assert (rows[1]["weeks_to_decide"], rows[1]["baseline"]) == ("20.8", "0.3")
    assert (rows[2]["verdict"], rows[2]["notes"], rows[2]["edited_by"]) == ("", "", "ada")


def test_text_that_a_spreadsheet_would_compute_is_text(opened):
    rows = read(opened.roadmap_csv())
    assert rows[1]["title"] == "'=Greet [them](http://x)"
    assert rows[1]["owner"] == "'@SUM(A1)"
    assert rows[1]["notes"].startswith("'=HYPERLINK")
    assert rows[0]["created_by"] == "'-1+1"


anything = st.text(max_size=40) | st.text(alphabet=[*FORMULA_STARTS, " ", "\u00a0", "1"], max_size=4)


@given(anything)
def test_no_text_is_a_formula_whatever_it_is(opened, text):
    entry = opened.roadmap()[2]
    entry = dataclasses.replace(
        entry,
        segment_name=text,
        created_by=text,
        recommendation=dataclasses.replace(entry.recommendation, title=text, hypothesis=text),
    )
    written = roadmap_csv([entry]).encode("utf-8", errors="replace").decode()
    header, row = csv.reader(io.StringIO(written, newline=""))
    assert len(header) == len(row) == len(COLUMNS)
    for cell in row:
        assert not cell.startswith(FORMULA_STARTS)
        assert not cell.lstrip().startswith(FORMULA_STARTS)


def test_the_same_roadmap_gives_the_same_bytes(opened):
    assert opened.roadmap_csv() == opened.roadmap_csv()
    assert opened.experiment_brief(1) == opened.experiment_brief(1)


def test_a_brief_tells_the_idea_its_design_and_its_plan(opened):
    brief = opened.experiment_brief(1)
    for line in (
        "# =Greet \\[them](http://x)".replace("# =", "# \\="),
        "| Segment | Night owls (2026-01-a) |",
        "If greeted, drop-off will be lower.",
        "**Run it together with other segments.** As computed: run_in_union",
        "| Two-sided alpha | 0.025 (2 experiments of the segment share it, Holm) |",
        "| Allocation | 45% treatment, 45% control, 10% holdout |",
        "| Today | 30.0%, of 200 users |",
        "| Smallest change worth finding | 20%: to 24.0% |",
        "| Users an arm | 847 |",
        "| Run in | 2026-01-a, 2026-02-a |",
        "| 12 | 450 | 5.0% | 17% |",
        "| 1 | 0 | - | - |",
        "> \\# not a heading",
    ):
        assert line in brief.splitlines(), line


def test_a_brief_without_figures_says_so(opened):
    assert "No figures were kept with this entry." in opened.experiment_brief(3)
    uncomputed = opened.experiment_brief(2)
    assert "**Not computed.** As computed: not_computed" in uncomputed
    assert "Users an arm" not in uncomputed


@given(st.text(max_size=60))
def test_nothing_people_write_becomes_a_link_a_picture_or_a_heading_in_a_brief(opened, text):
    from segmentation_pipeline.markdown import plain

    entry = opened.roadmap()[1]
    advice = dataclasses.replace(entry.recommendation, title=text, hypothesis=text)
    brief = experiment_brief(dataclasses.replace(entry, recommendation=advice, segment_name=text))
    assert [line for line in brief.split("\n") if line.startswith("#")] == [
        f"# {plain(text)}",
        "## Hypothesis",
        "## Why",
        "## Power",
        "## Notes",
    ]
