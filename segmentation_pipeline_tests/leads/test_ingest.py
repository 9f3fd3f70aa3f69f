"""Files of leads: every record a lead, a rejection or a duplicate; every mistake one message with the next step."""

import pytest

from segmentation_pipeline_tests.leads.lead_samples import NOW, ingest, land, leads_csv, rows, warehouse_of

HEADER = "Lead ID,State,Industry,Age_range,is_sale,Lead Date\n"


def landed(tmp_path, text, **settings):
    warehouse = warehouse_of(land(tmp_path, leads_csv=text), **settings)
    return warehouse, ingest(warehouse)


def leads_of(warehouse, columns="state, industry, is_converted"):
    return [tuple(row.values()) for row in rows(warehouse, f"SELECT {columns} FROM leads ORDER BY record_number")]


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("TRUE", True), ("true", True), ("1", True), ("Yes", True), ("EVET", True), ("evet", True), ("1.0", True),
        ("DOĞRU", True), ("YANLIŞ", False), ("HAYIR", False), ("FALSE", False),
        ("0", False), ("no", False), ("hayır", False), ("0.0", False),
        ("won", None), ("", None), ("2", None),
    ],
)  # fmt: skip
def test_outcomes_are_read_in_two_languages_and_any_case_and_others_are_unknown(tmp_path, word, outcome):
    warehouse, report = landed(tmp_path, f"State,is_sale\nTX,{word}\nTX,TRUE\n")
    assert leads_of(warehouse, "is_converted")[0] == (outcome,)
    assert report.accepted_count == 2


def test_words_of_an_outcome_may_be_given_and_empty_is_one(tmp_path):
    warehouse, _ = landed(
        tmp_path, "State,is_sale\nTX,Won\nTX,\nTX,Open\n", converted_words=["won"], not_converted_words=[""]
    )
    assert leads_of(warehouse, "is_converted") == [(True,), (False,), (None,)]


def test_missing_and_hidden_values_are_unknown_and_a_column_the_file_lacks_is_null(tmp_path):
    warehouse, _ = landed(tmp_path, "State,Gender,is_sale\n,Select,1\nN/A, F ,0\n", hidden_nulls=["select"])
    assert leads_of(warehouse, "state, gender, industry") == [
        ("Unknown", "Unknown", None),
        ("Unknown", "F", None),
    ]


@pytest.mark.parametrize(
    ("word", "given", "outcome"),
    [("KAPANDI", "kapandı", True), ("kapandı", "KAPANDI", True), ("İPTAL", "iptal", True), ("iptal", "İPTAL", True)],
)
def test_given_words_are_known_in_turkish_capitals(tmp_path, word, given, outcome):
    warehouse = warehouse_of(land(tmp_path / "h", a_csv=f"State,is_sale\nTX,{word}\n"), converted_words=[given])
    ingest(warehouse)
    assert rows(warehouse, "SELECT is_converted FROM leads") == [{"is_converted": outcome}]


@pytest.mark.parametrize("role", ["Age", "Years of Experience"])
@pytest.mark.parametrize(("value", "is_lead"), [("nan", True), ("-1", True), ("999", True), ("-2", False)])
def test_a_value_that_means_missing_is_in_no_range(tmp_path, role, value, is_lead):
    home = land(tmp_path / "h", a_csv=f"{role},State,is_sale\n{value},TX,1\n30,NY,0\n")
    warehouse = warehouse_of(home, hidden_nulls=["-1", "999"])
    ingest(warehouse)
    found = rows(warehouse, "SELECT coalesce(age, experience) AS v FROM leads ORDER BY record_number")
    assert [row["v"] for row in found] == (["Unknown", "30"] if is_lead else ["30"])


def test_a_bad_record_is_kept_with_its_reason_and_nothing_else_is_lost(tmp_path):
    text = (
        f"{HEADER}1,TX,Banking,130,TRUE,2026-01-01\n2,TX,Banking,40,TRUE,2026-01-01\n"
        "2,TX,Banking,40,TRUE,2026-01-01\n2,NY,Banking,40,TRUE,2026-01-01\n3,TX\n4,TX,Banking,40,TRUE,2027-01-01\n"
    )
    warehouse, report = landed(tmp_path, text)
    found = rows(warehouse, "SELECT record_number, reason, message FROM rejected_leads ORDER BY record_number")
    assert [(row["record_number"], row["reason"]) for row in found] == [
        (2, "age_out_of_range"),
        (4, "duplicate_lead"),
        (5, "conflicting_id"),
        (6, "wrong_column_count"),
        (7, "future_date"),
    ]
    assert 'column "Age_range": the age is not between 0 and 120 ("130")' in found[0]["message"]
    assert "its id is that of record 3" in found[2]["message"]
    assert (report.read_count, report.accepted_count, report.rejected_count, report.duplicate_count) == (6, 1, 4, 1)


def test_equal_records_without_an_id_are_different_leads(tmp_path):
    _, report = landed(tmp_path, "State,is_sale\nTX,1\nTX,1\n")
    assert (report.accepted_count, report.duplicate_count) == (2, 0)


def test_a_file_without_an_outcome_lists_what_was_found_and_how_to_map(tmp_path):
    _, report = landed(tmp_path, "Region,Deal closed?\nTX,1\n")
    assert (
        'no column is known to be the outcome (did the lead convert?). Columns found: "Region", "Deal closed?"'
        in (report.errors[0])
    )
    assert '[leads.columns] in pipeline.toml, outcome = "COLUMN"' in report.errors[0]


def test_a_file_with_nothing_that_describes_leads_says_so(tmp_path):
    _, report = landed(tmp_path, "foo,bar,converted\n1,2,yes\n")
    assert "no column is known to describe leads" in report.errors[0]
    assert 'Columns found: "foo", "bar", "converted"' in report.errors[0]


def test_a_column_the_settings_name_must_be_there(tmp_path):
    _, report = landed(tmp_path, "State,is_sale\nTX,1\n", columns={"industry": "Branche"})
    assert 'the settings say the industry is in "Branche", but the file has no such column' in report.errors[0]
    _, report = landed(tmp_path / "two", "State,is_sale\nTX,1\n", extra_columns=["Tags"])
    assert 'the extra column "Tags"' in report.errors[0]


@pytest.mark.parametrize("text", ["", "\n\n", "State,is_sale\n"])
def test_an_empty_file_is_no_crash_and_no_lead(tmp_path, text):
    _, report = landed(tmp_path, text)
    assert report.accepted_count == 0
    assert bool(report.errors) == (not text.strip())


def test_encodings_may_differ_from_file_to_file(tmp_path):
    text = "Şehir;Sektör;is_sale\nİzmir;Bankacılık;evet\n"
    home = land(
        tmp_path,
        a_csv=text.encode("utf-8-sig"),
        b_txt=text.encode("utf-16"),
        c_csv="City,Industry,is_sale\nZürich,Banking,1\n".encode("cp1252"),
        d_csv=b"City,Industry,is_sale\nZ\xc3\xbcrich,Banking,1\nK\xf6ln,Banking,1\n",
    )
    warehouse = warehouse_of(home)
    report = ingest(warehouse)
    assert report.errors == ()
    found = rows(warehouse, "SELECT import_id, state, is_converted FROM leads ORDER BY ALL")
    assert [row["state"] for row in found[:3]] == ["İzmir", "İzmir", "Zürich"]
    assert all(row["is_converted"] for row in found)
    assert report.accepted_count + report.rejected_count == report.read_count


def test_names_mails_and_phones_are_not_taken_over(tmp_path):
    text = "Name,E-Mail,Phone,Company size,State,is_sale\nAda,ada@x.org,+1 555,10,TX,1\n"
    warehouse, _ = landed(tmp_path, text, extra_columns="all")
    assert leads_of(warehouse, "extras") == [('{"Company size":"10"}',)]
    warehouse, _ = landed(tmp_path / "two", text, extra_columns=["E-Mail", "Company size"])
    assert leads_of(warehouse, "extras") == [('{"Company size":"10"}',)]


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_replaces_its_leads(tmp_path):
    warehouse, _ = landed(tmp_path, leads_csv(50))
    assert ingest(warehouse).unchanged_files == ("leads.csv",)
    land(tmp_path, leads_csv=leads_csv(20))
    assert ingest(warehouse).read_files == ("leads.csv",)
    assert len(leads_of(warehouse)) == 20
    (tmp_path / "landing" / "leads" / "leads.csv").unlink()
    ingest(warehouse)
    assert len(leads_of(warehouse)) == 20
    assert rows(warehouse, "SELECT landed_recorded_at FROM lead_files")[0]["landed_recorded_at"] == NOW
