"""The simulated shop is the same for the same arguments, and its planted types come out as the tiers they are."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, datetime

import pytest

from segmentation_pipeline.config import InputSettings
from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers.ingest import ingest_purchases
from segmentation_pipeline.customers.segmenting import write_segments
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.simulation.shop import TYPES, simulate_shop, write_home_shop
from segmentation_pipeline.warehouse.database import memory_database

END = datetime(2026, 1, 12)


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path):
    texts = []
    for place, seed in enumerate((3, 3, 4)):
        paths = write_home_shop(simulate_shop(customers=30, end=END, seed=seed), tmp_path / str(place))
        texts.append([path.read_bytes() for path in paths])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_planted_types_come_out_as_their_tiers(tmp_path):
    write_home_shop(simulate_shop(customers=400, end=END, seed=7), tmp_path)
    settings = CustomerSettings()
    labels = settings.label_table()
    with memory_database() as db:
        ingest_purchases(db, tmp_path / "landing", settings, InputSettings(), now=datetime(2026, 6, 1))
        write_segments(db, date(2026, 1, 1), settings)
        found = {row["customer_id"]: row for row in db.rows("SELECT * FROM customer_segments")}
        cancelled = db.one("SELECT count(*), count(*) FILTER (is_matched) FROM cancelled_purchases")
        rejected = db.one("SELECT count(*) FROM rejected_purchases")
    with (tmp_path / "truth_customers.csv").open(encoding="utf-8", newline="") as file:
        truth = {row["customer_id"]: row for row in csv.DictReader(file)}
    assert set(found) == set(truth)
    assert set(Counter(row["type"] for row in truth.values())) == {kind.name for kind in TYPES}
    right = Counter()
    for customer, row in truth.items():
        for dimension in ("churn", "loyalty"):
            right[dimension] += found[customer][dimension] == labels[dimension][row[dimension]]
        has_bought = row["type"] != "window_shopper"
        right["mode"] += (found[customer]["mode"] == "regular") == has_bought
        right["value"] += (found[customer]["value"] == "HighValue") == (has_bought and row["is_generous"] == "true")
    assert right["mode"] == len(truth)
    assert min(right["churn"], right["loyalty"], right["value"]) > 0.85 * len(truth), right
    assert cancelled[0] > 0
    assert cancelled[0] == cancelled[1]
    assert rejected == (0,)


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"customers": 2_000_000}, {"seed": -1}])
def test_impossible_shops_are_refused(wrong):
    with pytest.raises(PipelineError, match="Next: "):
        simulate_shop(**{"customers": 10, "seed": 1, "end": END, **wrong})
