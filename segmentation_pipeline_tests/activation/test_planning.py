"""What is told and what is not: found segments of the published copy, to whom nobody else shares an id with."""

import pandas as pd
import pytest

from segmentation_pipeline.events.feature_tables import CurrentFeatures
from segmentation_pipeline.segments.writing import write_clusters, write_current_segments
from segmentation_pipeline_tests.activation.current import EXPECTED, SURE, attio_desk, held, make_desk
from segmentation_pipeline_tests.segments.samples import alike, cut_refresh, features_of


def test_bands_cut_by_us_are_told_to_nobody_and_earlier_segments_are_cleared(desk, posthog):
    desk.sync()
    bands = {user: ("xyz"[number % 3], 1.0) for number, user in enumerate(SURE)}
    desk.hold(bands, living=("x", "y", "z"), origin="preset")
    report = desk.sync()
    assert report.plan.has_segments
    assert report.plan.reasons == {"clear: retired": 12}
    assert posthog.segments() == {}
    assert desk.sync().plan.reasons == {"withheld: preset": 12}
    desk.hold(SURE)
    desk.sync()
    assert posthog.segments() == EXPECTED


def test_a_refresh_whose_users_did_not_differ_is_told_to_nobody(desk, posthog):
    desk.sync()
    cut = cut_refresh()
    features = features_of(alike(1))
    with desk.warehouse.transaction() as db:
        db.ensure(CurrentFeatures)
        with db.relation("scored", pd.DataFrame({"user_id": features.user_ids})):
            db.execute(
                "INSERT INTO current_features (user_id, status, scored_at)"
                " SELECT user_id, 'live', TIMESTAMP '2026-04-01' FROM scored"
            )
        write_clusters(db, cut, None)
        write_current_segments(db, cut.month, features, cut.segments.scores, cut.segments.model)
    desk.publish()
    report = desk.sync()
    assert report.plan.counts == {"clear": 12, "withheld": len(features.user_ids)}
    assert posthog.segments() == {}


def test_a_file_names_nobody_while_all_segments_are_bands_of_ours(tmp_path):
    desk = make_desk(tmp_path, delivery={"file": "exports/segments.csv"})
    desk.hold({"u1": ("x", 1.0)}, living=("x",), origin="preset")
    desk.sync()
    assert len((desk.home.root / "exports" / "segments.csv").read_text().splitlines()) == 1


def test_what_is_not_published_is_not_sent(desk, posthog):
    desk.sync()
    desk.hold(dict.fromkeys(SURE, ("b", 0.95)), is_published=False)
    assert desk.sync().plan.unchanged_count == 12
    assert posthog.segments() == EXPECTED
    desk.publish()
    desk.sync()
    assert set(posthog.segments().values()) == {"2026-01-b"}


@pytest.mark.parametrize("external_id", ["user_id", "metadata:email"])
def test_before_anything_is_published_nobody_is_written_or_cleared(tmp_path, posthog, external_id):
    desk = make_desk(tmp_path, posthog={"host": posthog.url, "external_id": external_id})
    report = desk.sync()
    assert (report.plan.has_segments, report.plan.counts, posthog.requests) == (False, {}, [])


def test_at_the_usual_floor_who_wavers_keeps_what_is_still_the_likeliest(desk, posthog):
    desk.sync()
    posthog.writes.clear()
    desk.hold(SURE | {"u00": ("a", 0.49), "u01": ("c", 0.49)})
    desk.sync()
    assert posthog.segments() == {user: segment for user, segment in EXPECTED.items() if user != "u01"}
    assert posthog.writes == {"u01": 1}
    assert desk.rows("posthog_person_properties", "action, user_id, reason, segment_id") == [
        ("clear", "u01", "uncertain", None),
        ("withheld", "u00", "uncertain", "2026-01-a"),
    ]


@pytest.mark.parametrize(("attribute", "is_shared"), [("email_addresses", True), ("crm_id", False)])
def test_addresses_that_differ_in_case_are_one_record_in_attio(tmp_path, attio, attribute, is_shared):
    attio.attributes.add("crm_id")
    desk = attio_desk(tmp_path, attio, external_id="file:ids.csv", matching_attribute=attribute)
    (desk.home.root / "ids.csv").write_text("user_id,external_id\nu00,Ann@x.org\nu01,ann@x.org\nu02,Bob@x.org\n")
    plan = desk.sync().plan
    assert ("withheld: shared_external_id" in plan.reasons) is is_shared
    if is_shared:
        assert held(attio) == {"bob@x.org": EXPECTED["u02"]}


def test_a_person_whose_address_changed_keeps_the_record_and_its_segment(tmp_path, attio):
    desk = attio_desk(tmp_path, attio, external_id="file:ids.csv")
    ids = desk.home.root / "ids.csv"
    ids.write_text("user_id,external_id\nu00,old@x.org\n")
    desk.sync()
    (record,) = attio.records.values()
    record["email_addresses"] = "new@x.org"  # somebody gave the record another address in Attio
    ids.write_text("user_id,external_id\nu00,new@x.org\n")
    assert desk.sync().plan.counts == {"add": 1, "clear": 1, "withheld": 11}
    assert held(attio) == {"new@x.org": EXPECTED["u00"]}
