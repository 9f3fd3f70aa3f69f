"""Customers as readers see them: one in full, how all are spread, and what a home without any says."""

from datetime import date

import duckdb
import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client import customers
from segmentation_pipeline.errors import HomeError, NotFound
from segmentation_pipeline_tests.client.published_samples import make_published_home
from segmentation_pipeline_tests.client.trade_samples import make_leads_home, make_shop_home

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    home = make_shop_home(tmp_path_factory.mktemp("shop") / "home")
    with client.open(home) as opened, opened.snapshot() as snapshot:
        yield snapshot


def test_a_customer_comes_with_eight_dimensions_all_figures_and_what_is_missing(snapshot):
    found = snapshot.customer("c2")
    assert (found.refresh_month, found.mode, found.region) == (FEBRUARY, "regular", "South")
    assert found.dimensions == {
        "age_segment": "Adult",
        "churn": "Risky",
        "value": "HighValue",
        "loyalty": "Gold",
        "affinity_category": "Food",
        "affinity_type": "Focused",
        "diversity": "Loyal",
        "region_climate": "Mild",
    }
    assert found.figures["total_spent"] == 750.0
    assert set(found.figures) == set(customers.FIGURES)
    assert [(one.product_id, one.category, one.days_overdue) for one in found.missing_regulars] == [
        ("tea", "Food", 19.5),
        ("jam", None, 3.0),
    ]
    assert [(one.product_id, one.total_spent) for one in found.top_products] == [("tea", 300.25)]
    assert (found.recommended_strategy, found.discount_pct) == ("RETENTION", 20.0)


@pytest.mark.parametrize(
    ("customer_id", "language", "told"),
    [
        ("c2", "en", "2 regular product(s) overdue, first tea. Recommended: RETENTION with 20 %."),
        ("c2", "tr", "Düzenli alınan 2 ürün gecikti, ilki tea. Öneri: RETENTION, indirim 20 %."),
        ("C3", "en", "No purchase yet, so the region stands in: Garden is its trend"),
    ],
)
def test_a_customer_is_explained_in_the_language_asked_for(snapshot, customer_id, language, told):
    assert told in snapshot.customer(customer_id, language=language).explanation


def test_a_customer_is_told_as_of_the_month_asked_for(snapshot):
    assert snapshot.customer("c1", JANUARY).figures["order_count"] == 1
    assert snapshot.customer("c1").figures["order_count"] == 2
    with pytest.raises(NotFound, match=r"2026-01 knows no customer c2. Next: choose one, such as c1"):
        snapshot.customer("c2", JANUARY)


def test_ids_that_begin_alike_are_offered_those_who_spent_most_first_and_no_more_than_asked(snapshot):
    assert customers.customers_like(snapshot.connection, FEBRUARY, "C", 10) == ["c2", "c1", "C3"]
    assert customers.customers_like(snapshot.connection, FEBRUARY, "", 2) == ["c2", "c1"]
    assert customers.customers_like(snapshot.connection, FEBRUARY, "x", 2) == []


def test_labels_are_counted_and_the_rare_ones_pooled(snapshot):
    found = customers.customer_labels(snapshot.connection, FEBRUARY, most=2)
    assert [(one.label, one.customer_count, one.share) for one in found["affinity_category"]] == [
        ("Books", 2, 0.5),
        ("Food", 1, 0.25),
        (None, 1, 0.25),
    ]
    assert [(one.label, one.customer_count) for one in found["mode"]] == [("regular", 3), ("new_customer", 1)]


def test_the_whole_shop_comes_before_its_regions(snapshot):
    found = customers.regions(snapshot.connection, FEBRUARY)
    assert [(one.region, one.customer_count) for one in found] == [("(all)", 4), ("North", 2), ("South", 1)]


def test_lifts_come_with_their_intervals_and_days(snapshot):
    found = snapshot.customers()
    assert [(one.tier, one.lift_low, one.lift_high, one.days) for one in found.lifts] == [
        ("Active", 1.5, 2.6, 60.0),
        ("Risky", 0.4, 0.7, 60.0),
        ("Gold", 0.8, 1.4, 60.0),
    ]
    assert found.customer_count == 4


@pytest.mark.parametrize("make", [make_leads_home, make_published_home])
def test_a_home_without_purchases_has_no_customers_and_says_how_to_get_some(tmp_path, make):
    with client.open(make(tmp_path / "home")) as opened, opened.snapshot() as snapshot:
        assert customers.customer_months(snapshot.connection) == []
        assert snapshot.customers() is None
        with pytest.raises(NotFound, match=r"No customers are published yet. Next: `segpipe run --purchases"):
            snapshot.customer("c1")


def test_products_written_as_text_are_told_to_be_another_versions(tmp_path):
    with duckdb.connect(str(tmp_path / "older.duckdb")) as copy:
        names = ("mode", "as_of", "region", "recommended_strategy", "discount_pct", "rule_version")
        others = ", ".join(f"NULL AS {name}" for name in (*names, *customers.EIGHT, *customers.FIGURES))
        copy.execute(
            "CREATE TABLE customer_segments AS SELECT DATE '2026-02-01' AS refresh_month, 'c1' AS customer_id,"
            f" '[]' AS missing_regulars, '[]' AS top_products, {others}"
        )
        with pytest.raises(HomeError, match=r"written by another version .* Next: `segpipe run`"):
            customers.customer(copy, "c1", FEBRUARY, language="en")
