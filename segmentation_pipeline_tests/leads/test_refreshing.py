"""A home of leads from files to personas and files for people: incremental, the same every time, edits kept."""

import csv
import hashlib
import json
import struct

import pytest

from segmentation_pipeline.leads import checks
from segmentation_pipeline.leads.exporting import export_folder, write_exports
from segmentation_pipeline.leads.refreshing import refresh_personas
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.persona_edits import add_note, keep_model, rename_persona
from segmentation_pipeline_tests.leads.lead_samples import ingest, land, leads_csv, refresh, rows, warehouse_of
from segmentation_pipeline_tests.warehouse_comparison import differences

EDUCATION = {
    "hidden_nulls": ["Select"],
    "extra_columns": ["Lead Origin", "Last Activity", "Tags"],
    "columns": {
        "lead_id": "Prospect ID",
        "job_title": "What is your current occupation",
        "industry": "Specialization",
    },
}


@pytest.fixture
def home(tmp_path):
    return land(tmp_path / "home", leads_csv=leads_csv(150))


def personas_of(warehouse, import_id="leads.csv"):
    return rows(warehouse, "SELECT * FROM lead_personas WHERE import_id = $id ORDER BY rank", id=import_id)


def test_a_home_with_four_files_for_people_of_the_right_sizes(home):
    warehouse = warehouse_of(home)
    refresh(warehouse)
    folder = export_folder(home, "leads.csv")
    assert sorted(path.name for path in folder.iterdir()) == [
        "clustered.csv",
        "dashboard.png",
        "pca.png",
        "personas.json",
    ]
    for name, size in (("dashboard.png", (1400, 1000)), ("pca.png", (1000, 700))):
        content = (folder / name).read_bytes()
        assert struct.unpack(">II", content[16:24]) == size
        assert struct.unpack(">I", content[content.index(b"pHYs") + 4 :][:4])[0] == round(150 / 0.0254)
    document = json.loads((folder / "personas.json").read_text(encoding="utf-8"))
    assert [one["rank"] for one in document["personas"]] == [1, 2, 3, 4]
    assert sum(one["size"] for one in document["personas"]) == 150


def test_the_clustered_file_has_the_same_rows_in_the_same_order_and_their_cluster(home):
    warehouse = warehouse_of(home)
    refresh(warehouse)
    with (home.landing / "leads" / "leads.csv").open(newline="") as before:
        wanted = list(csv.reader(before))
    with (export_folder(home, "leads.csv") / "clustered.csv").open(newline="") as after:
        found = list(csv.reader(after))
    assert [row[:-1] for row in found] == wanted
    assert found[0][-1] == "Cluster"
    clusters = rows(warehouse, "SELECT cluster FROM lead_clusters ORDER BY record_number")
    assert [row[-1] for row in found[1:]] == [str(row["cluster"]) for row in clusters]


def test_records_that_are_no_leads_stay_in_the_clustered_file_without_a_cluster(tmp_path):
    text = "State,Age,Cluster,is_sale\nTX,130,x,1\nTX,30,y,1\n=1+1,40,-5,0\nbroken\n-cmd,41,+90 555,0\n"
    warehouse = warehouse_of(land(tmp_path / "home", leads_csv=text))
    refresh(warehouse)
    with (export_folder(warehouse.home, "leads.csv") / "clustered.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["State", "Age", "Cluster", "is_sale", "Cluster 2"],
            ["TX", "130", "x", "1", ""],
            ["TX", "30", "y", "1", "0"],
            ["'=1+1", "40", "-5", "0", "0"],
            ["'-cmd", "41", "'+90 555", "0", "0"],
        ]


def test_formulas_stay_as_they_are_on_request(tmp_path):
    text = "State,is_sale\n=1+1,1\n"
    warehouse = warehouse_of(land(tmp_path / "home", leads_csv=text), is_spreadsheet_safe=False)
    refresh(warehouse)
    assert (export_folder(warehouse.home, "leads.csv") / "clustered.csv").read_text().splitlines()[1] == "=1+1,1,0"


def test_json_and_dots_in_names_are_exported_by_their_own_columns(tmp_path):
    text = '{"state": "TX", "is_sale": true}\n{"state": "NY", "is_sale": false}\n'
    warehouse = warehouse_of(land(tmp_path / "home", leads_ndjson=text))
    refresh(warehouse)
    lines = (export_folder(warehouse.home, "leads.ndjson") / "clustered.csv").read_text().splitlines()
    assert lines[1].startswith(",TX,")
    assert lines[1].endswith(",true,0")


def test_a_rerun_changes_nothing_and_a_fresh_home_is_the_same_to_the_byte(tmp_path):
    hashes = []
    for name in ("one", "two"):
        warehouse = warehouse_of(land(tmp_path / name, leads_csv=leads_csv(150)))
        refresh(warehouse)
        hashes.append(
            [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(warehouse.home.exports.rglob("*.*"))[1:]]
        )
        assert refresh(warehouse) == {}
        assert write_exports(warehouse).unchanged == ("leads.csv",)
    assert hashes[0] == hashes[1]
    files = [tmp_path / name / "warehouse" / "warehouse.duckdb" for name in ("one", "two")]
    assert differences(*files) == {}


def test_a_name_a_person_gave_survives_new_leads_and_shows_in_the_files(home):
    warehouse = warehouse_of(home)
    refresh(warehouse)
    best = personas_of(warehouse)[0]["persona_id"]
    with open_state(home, warehouse.settings).write() as state:
        rename_persona(state, best, "Deciders", labels={}, edited_by="ada")
        add_note(state, best, "Call them first.", created_by="ada")
    land(home.root, leads_csv=leads_csv(200, seed=11), leads2_csv=leads_csv(150, seed=12))
    refresh(warehouse)
    for import_id in ("leads.csv", "leads2.csv"):
        assert personas_of(warehouse, import_id)[0]["persona_id"] == best
        told = json.loads((export_folder(home, import_id) / "personas.json").read_text(encoding="utf-8"))
        assert told["personas"][0]["name"] == "Deciders"
        assert told["personas"][0]["own_name"].startswith("C-Suite in Banking")
        assert told["personas"][0]["notes"] == ["Call them first."]


@pytest.mark.parametrize(("outcomes", "size"), [("0", 2_000), ("1", 2_000), ("1" * 10 + "0", 100_000)])
def test_an_outcome_that_hardly_anyone_has_makes_personas(tmp_path, outcomes, size):
    states, titles = ("TX", "NY", "CA"), ("CEO", "Clerk")
    lines = ["State,Job Title,is_sale"]
    lines += [
        f"{states[number % 3]},{titles[number // 3 % 2]},{outcomes[min(number, len(outcomes) - 1)]}"
        for number in range(size)
    ]
    warehouse = warehouse_of(land(tmp_path / "home", leads_csv="\n".join(lines)))
    refresh(warehouse)
    assert sum(row["size"] for row in personas_of(warehouse)) == size
    assert all(row["rate_low"] < row["shrunken_rate"] < row["rate_high"] for row in personas_of(warehouse))


def test_an_older_file_that_lands_late_takes_the_ids_people_know(home):
    warehouse = warehouse_of(home)
    refresh(warehouse)
    known = {row["persona_id"] for row in personas_of(warehouse)}
    land(home.root, a_csv=leads_csv(150, seed=12))
    refresh(warehouse)
    assert {row["persona_id"] for row in personas_of(warehouse)} == known
    assert {row["persona_id"] for row in personas_of(warehouse, "a.csv")} == known


def test_a_name_stays_when_the_warehouse_is_made_anew_and_files_come_in_another_order(home):
    warehouse = warehouse_of(home)
    refresh(warehouse)
    land(home.root, a_csv=leads_csv(150, seed=12))
    refresh(warehouse)
    known = {row["persona_id"] for row in personas_of(warehouse)}
    (kept,) = rows(warehouse, "SELECT model FROM lead_models WHERE import_id = 'leads.csv'")
    best = personas_of(warehouse)[0]["persona_id"]
    with open_state(home, warehouse.settings).write() as state:
        keep_model(state, kept["model"])
        rename_persona(state, best, "Deciders", labels={}, edited_by="ada")
    home.warehouse_file.unlink()
    again = warehouse_of(home)
    refresh(again)
    assert {row["persona_id"] for row in personas_of(again)} == known
    told = json.loads((export_folder(home, "leads.csv") / "personas.json").read_text(encoding="utf-8"))
    assert told["personas"][0]["name"] == "Deciders"


def test_only_imports_that_changed_are_looked_at_again(home):
    warehouse = warehouse_of(home)
    refresh(warehouse)
    land(home.root, leads2_csv=leads_csv(100, seed=3))
    assert list(refresh(warehouse)) == ["leads2.csv"]
    again = warehouse_of(home, k=3)
    ingest(again)
    assert list(refresh_personas(again).found) == ["leads.csv", "leads2.csv"]


def test_a_deleted_landed_file_keeps_its_personas_and_says_what_is_missing(home):
    warehouse = warehouse_of(home)
    refresh(warehouse)
    (home.landing / "leads" / "leads.csv").unlink()
    again = warehouse_of(home, k=3)
    ingest(again)
    refresh_personas(again)
    report = write_exports(again)
    assert "the landed file is gone" in report.problems[0]
    assert len(personas_of(again)) == 3
    assert not checks.exports_are_as_written.run(again, None).passed


def test_trends_compare_a_persona_with_the_import_before(home):
    from segmentation_pipeline.warehouse.database import load_sql

    warehouse = warehouse_of(home)
    land(home.root, leads2_csv=leads_csv(200, seed=12))
    refresh(warehouse)
    found = rows(warehouse, f"FROM ({load_sql('segmentation_pipeline.leads', 'lead_trends')}) ORDER BY ALL")
    later = [row for row in found if row["import_id"] == "leads2.csv"]
    assert len(later) == 4
    for row in later:
        earlier = next(
            one for one in found if (one["persona_id"], one["import_id"]) == (row["persona_id"], "leads.csv")
        )
        assert row["size_change"] == row["size"] - earlier["size"]
        assert row["previous_import_id"] == "leads.csv"
        assert earlier["size_change"] is None


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        ("DELETE FROM leads WHERE record_number = 7", checks.no_lead_is_lost),
        ("UPDATE lead_files SET read_count = read_count + 1", checks.no_lead_is_lost),
        ("INSERT INTO rejected_leads SELECT 'x', 9, 'future_date', NULL, 'm', NULL", checks.no_lead_is_lost),
        ("DELETE FROM lead_clusters WHERE record_number = 7", checks.every_lead_has_a_persona),
        ("UPDATE lead_personas SET size = size + 1 WHERE rank = 1", checks.every_lead_has_a_persona),
        ("UPDATE lead_files SET status = 'error', error = 'broken'", checks.every_lead_file_is_readable),
        ("UPDATE lead_imports SET unknown_outcome_count = 1", checks.outcomes_are_known),
        ("UPDATE lead_imports SET maturity = 'no_date_column'", checks.maturity_can_be_judged),
        ("UPDATE lead_columns SET status = 'leaking', auc = 0.95", checks.no_column_tells_the_outcome),
        ("UPDATE lead_exports SET sha256 = repeat('0', 64)", checks.exports_are_as_written),
    ],
)
def test_each_check_is_green_on_what_was_written_and_red_on_what_was_broken(refreshed, broken, check):
    assert check.run(refreshed, None).passed
    with refreshed.transaction() as db:
        db.execute(broken)
    assert not check.run(refreshed, None).passed


@pytest.fixture(scope="module")
def _refreshed_once(tmp_path_factory):
    warehouse = warehouse_of(land(tmp_path_factory.mktemp("leads") / "home", leads_csv=leads_csv(120)))
    refresh(warehouse)
    return warehouse


@pytest.fixture
def refreshed(_refreshed_once, tmp_path):
    import shutil

    from segmentation_pipeline.config import Home

    shutil.copytree(_refreshed_once.home.root, tmp_path / "copy")
    return warehouse_of(Home(tmp_path / "copy"))


def test_education_leads_give_their_figures_and_name_the_leaking_column(shared_data, tmp_path):
    source = shared_data / "leads" / "education_leads.csv.gz"
    home = land(tmp_path / "home", education_csv_gz=source.read_bytes())
    warehouse = warehouse_of(home, **EDUCATION)
    found = refresh(warehouse)["education.csv.gz"]
    told = rows(warehouse, "SELECT lead_count, conversion_count, unknown_outcome_count FROM lead_imports")[0]
    assert tuple(told.values()) == (9_240, 3_561, 0)
    leaking = [one for one in found.judged if one.status == "leaking"]
    assert [(one.column.name, round(one.auc, 2)) for one in leaking] == [("Tags", 0.92)]
    outcome = checks.no_column_tells_the_outcome.run(warehouse, None)
    assert not outcome.passed
    assert "Tags of education.csv.gz (AUC 0.92)" in outcome.description
    with (export_folder(home, "education.csv.gz") / "clustered.csv").open(encoding="utf-8", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == 9_241
