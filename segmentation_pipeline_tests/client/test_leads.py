"""Leads as readers see them: personas under the names people gave them, what lies behind them, the files."""

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client import lead_details, personas
from segmentation_pipeline.client.lead_details import PersonaContrast
from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.persona_edits import kept_model
from segmentation_pipeline_tests.client.published_samples import make_published_home
from segmentation_pipeline_tests.client.trade_samples import PICTURE, make_leads_home


@pytest.fixture
def opened(tmp_path):
    with client.open(make_leads_home(tmp_path / "home")) as opened:
        yield opened


def test_personas_come_by_rank_and_of_the_newest_import_unless_asked(opened):
    assert [found.import_id for found in opened.lead_imports()] == ["2026-01.csv", "2026-02.csv"]
    assert [(one.rank, one.persona_id) for one in opened.personas()] == [(1, "p2"), (2, "p1")]
    assert [(one.rank, one.persona_id) for one in opened.personas("2026-01.csv")] == [(1, "p1"), (2, "p2")]
    with pytest.raises(NotFound, match=r"no import x.csv. Next: choose one of 2026-01.csv, 2026-02.csv"):
        opened.personas("x.csv")


def test_an_edit_keeps_what_its_personas_look_like(opened):
    opened.rename_persona("p1", "Deciders", by="ada")
    with open_state(opened.home, opened.home.settings()).read() as state:
        assert kept_model(state) == '{"number": 2}'


def test_a_name_and_notes_are_shown_in_every_import_until_taken_back(opened):
    assert opened.rename_persona("p1", " Deciders ", by="ada") == "Deciders"
    note = opened.add_persona_note("p1", "Call them.", by="ada")
    for import_id in ("2026-01.csv", "2026-02.csv"):
        [found] = [one for one in opened.personas(import_id) if one.persona_id == "p1"]
        assert (found.display_name, found.notes) == ("Deciders", (note,))
    with pytest.raises(EditRefused, match="is called already"):
        opened.rename_persona("p2", "deciders", by="bob")
    with pytest.raises(NotFound, match=r"There is no persona p9. Next: choose one of p2, p1"):
        opened.add_persona_note("p9", "x", by="bob")
    assert opened.clear_persona_name("p1", by="ada")
    assert not opened.clear_persona_name("p1", by="ada")
    with pytest.raises(NotFound, match="no note"):
        opened.delete_persona_note("p2", note.note_id)
    assert opened.persona_notes("p1") == [note]
    opened.delete_persona_note("p1", note.note_id)
    assert opened.persona_notes("p1") == []
    assert opened.personas()[1].display_name == "Bankers [HIGH VALUE]"


def test_a_profile_holds_frequencies_and_contrasts_and_no_single_figures(opened):
    with opened.snapshot() as snapshot:
        profile = snapshot.persona_profiles()["p1"]
        assert list(profile.frequencies) == ["state"]
        assert [(one.value, one.count, one.share) for one in profile.frequencies["state"]] == [("Ohio", 6, 0.6)]
        assert profile.contrasts == (PersonaContrast("state", "State", "Ohio", 0.6, 0.3),)
        assert [column.header for column in lead_details.lead_columns(snapshot.connection, "2026-02.csv")] == [
            "Stage",
            "State",
        ]
        assert [file.import_id for file in lead_details.lead_files(snapshot.connection)] == ["bad.csv", "2026-02.csv"]


def test_trends_tell_a_change_whose_intervals_lie_apart(opened):
    with opened.snapshot() as snapshot:
        found = personas.persona_trends(snapshot.connection)
    assert [(one.import_id, one.persona_id, one.is_rate_change_clear) for one in found] == [
        ("2026-01.csv", "p1", None),
        ("2026-01.csv", "p2", None),
        ("2026-02.csv", "p2", True),
        ("2026-02.csv", "p1", False),
    ]
    assert found[2].rate_change == pytest.approx(0.25)


def test_files_for_people_are_given_from_inside_the_home_alone(opened):
    assert opened.lead_export("2026-02.csv", "pca").read_bytes() == PICTURE
    for kind in ("dashboard", "clustered"):  # never written; written and gone
        with pytest.raises(NotFound, match=rf"no file {kind} of 2026-02.csv. Next: land the import again"):
            opened.lead_export("2026-02.csv", kind)


def test_a_path_that_leads_out_of_the_home_is_no_file_of_it(opened, tmp_path):
    (tmp_path / "secret").write_text("s", encoding="utf-8")
    with opened.snapshot():
        pass
    opened.close()
    import duckdb

    with duckdb.connect(str(opened.home.published_file.resolve())) as connection:
        connection.execute("UPDATE lead_exports SET path = '../secret'")
    with pytest.raises(NotFound, match="no file pca"):
        opened.lead_export("2026-02.csv", "pca")


def test_a_home_without_leads_has_no_imports_and_says_how_to_get_some(tmp_path):
    with client.open(make_published_home(tmp_path / "home")) as opened:
        assert opened.lead_imports() == []
        with opened.snapshot() as snapshot:
            assert personas.persona_trends(snapshot.connection) == []
            assert lead_details.lead_files(snapshot.connection) == []
        with pytest.raises(NotFound, match="No leads are published yet"):
            opened.personas()
