"""Purchases are what the files say, exactly; what cannot be used is kept with its reason; nothing else is lost."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from decimal import Decimal

import pytest

from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers.backtest import write_backtest
from segmentation_pipeline.customers.months import customer_months
from segmentation_pipeline_tests.customers.shop import csv, open_shop

GOOD = "c1,p1,Tea,2,10.50,o1,2026-01-01"


def test_a_line_is_read_with_its_exact_total(shop):
    shop.load(csv("c1,p1,Tea,3,0.1,o1,2026-01-01 10:00"))
    assert shop.lines(
        "customer_id, product_id, category, quantity, unit_price, line_total, order_id, purchased_at"
    ) == [("c1", "p1", "Tea", Decimal("3.0000"), Decimal("0.1000"), Decimal("0.3000"), "o1", datetime(2026, 1, 1, 10))]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("online_retail.parquet", (397_884, 4_338, 18_532, "8911407.9040", 8_905)),
        ("turkish_shop.csv.gz", (22_049, 5_000, 22_049, "26694597.1600", 0)),
        ("cdnow_master.txt.gz", (69_659, 23_570, 69_659, "2500315.6300", 0)),
    ],
)
def test_public_shops_are_read_to_the_cent_without_a_mapping(shop, shared_data, file, expected):
    (shop.landing / "purchases").mkdir(parents=True)
    shutil.copy(shared_data / "purchases" / file, shop.landing / "purchases" / file)
    shop.ingest()
    lines, customers, orders, total, cancelled = expected
    assert shop.db.one(
        "SELECT count(*), count(DISTINCT customer_id), count(DISTINCT order_key), sum(line_total) FROM purchases"
    ) == (lines, customers, orders, Decimal(total))
    assert shop.file(f"purchases/{file}")["cancelled_count"] == cancelled
    (last,) = shop.db.one("SELECT max(purchased_at) FROM purchases")
    written = shop.segment(date(last.year, last.month, 1))
    assert (written.as_of, written.customer_count) == (last, customers)
    assert shop.db.one(
        "SELECT sum(order_count), sum(total_spent::DECIMAL(38, 4)) FROM customer_segments"
    ) == (orders, Decimal(total))  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason", "column"),
    [
        (",p1,Tea,1,5,o1,2026-01-01", "blank_customer", "customer_id"),
        ("c1,p1,Tea,1,5,o1,", "missing_time", "purchased_at"),
        ("c1,p1,Tea,1,5,o1,soon", "unparseable_time", "purchased_at"),
        ("c1,p1,Tea,1,5,o1,2026-06-02", "future_time", "purchased_at"),
        ("c1,p1,Tea,some,5,o1,2026-01-01", "unparseable_quantity", "quantity"),
        ("c1,p1,Tea,0,5,o1,2026-01-01", "zero_quantity", "quantity"),
        ("c1,p1,Tea,1,,o1,2026-01-01", "missing_price", "unit_price"),
        ("c1,p1,Tea,1,cheap,o1,2026-01-01", "unparseable_price", "unit_price"),
        ("c1,p1,Tea,1,-5,o1,2026-01-01", "negative_price", "unit_price"),
        ("c1,p1,Tea,1,0,o1,2026-01-01", "zero_price", "unit_price"),
        ("c1,p1,Tea,1,(12.50),o1,2026-01-01", "negative_price", "unit_price"),
        ("c1,p1,Tea,1,12.50-,o1,2026-01-01", "negative_price", "unit_price"),
        ("c1,p1,Tea,1,\u221212.50,o1,2026-01-01", "negative_price", "unit_price"),
        ("c1,p1,Tea,1,12.5%,o1,2026-01-01", "unparseable_price", "unit_price"),
        ("c1,p1,Tea,1,12K,o1,2026-01-01", "unparseable_price", "unit_price"),
        ("c1,p1,Tea,1,(-5),o1,2026-01-01", "unparseable_price", "unit_price"),
        ("c1,p1,Tea,1,5,o1", "wrong_column_count", None),
    ],
)
def test_each_reason_is_told_with_file_record_column_and_next_step(shop, row, reason, column):
    shop.load(csv(GOOD, row, GOOD.replace("o1", "o2")))
    assert shop.counts() == (3, 2, 1, 0, 0)
    (rejected,) = shop.db.rows("SELECT * FROM rejected_purchases")
    assert (rejected["record_number"], rejected["reason"], rejected["column_name"]) == (3, reason, column)
    assert rejected["message"].startswith("purchases/lines.csv, record 3")
    assert "Next: " in rejected["message"]
    assert rejected["record"] == row


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("age", "130", "age_out_of_range"), ("age", "old", "age_out_of_range"), ("age", "-1", "age_out_of_range"),
     ("birth_date", "1990", "unparseable_birth_date"), ("birth_date", "640000000", "unparseable_birth_date"),
     ("birth_date", "31.02.1990", "unparseable_birth_date"), ("birth_date", "long ago", "unparseable_birth_date"),
     ("registered_at", "long ago", "unparseable_registration"),
     ("birth_date", "1850-01-01", "birth_date_out_of_range"), ("birth_date", "2026-05-01", "birth_date_out_of_range")],
)  # fmt: skip
def test_what_cannot_be_known_of_a_person_is_rejected_on_lines_and_in_customer_files(shop, field, value, reason):
    shop.load(f"customer_id,total,date,{field}\nc1,5,2026-01-01,{value}\nc2,5,2026-01-01,\n")
    assert shop.rejections() == [("purchases/lines.csv", 2, reason)]
    late = "2026-06-02" if value == "2026-05-01" else value
    shop.load(f"customer_id,{field}\nc1,{late}\nc2,\n", "customers/a.csv")
    assert ("customers/a.csv", 2, reason) in shop.rejections()


@pytest.mark.parametrize("value", ["NA", "N/A", "null", "None", "nan", "#N/A", " NULL "])
def test_a_word_for_missing_is_nothing_told_of_a_person_and_costs_no_line(shop, value):
    told = "age,birth_date,registered_at,gender,city"
    shop.load(f"customer_id,total,date,{told}\nc1,5,2026-01-01,{','.join([value] * 5)}\n")
    shop.load(f"customer_id,{told}\nc1,{','.join([value] * 5)}\n", "customers/a.csv")
    assert shop.rejections() == []
    (line,) = shop.db.rows("SELECT age, birth_date, registered_at, gender, city FROM purchases")
    assert set(line.values()) == {None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.5", "12.5000"),
        ('"12,5"', "12.5000"),
        ('"1.234,56"', "1234.5600"),
        ('"1,234.56"', "1234.5600"),
        ('"1,234,567"', "1234567.0000"),
        ("1e2", "100.0000"),
        ("₺12.50", "12.5000"),
        ('"12,50 TL"', "12.5000"),
        ("$1", "1.0000"),
        ("1.234", "1.2340"),
        ("US$ 5", "5.0000"),
        ("Rs. 12.50", "12.5000"),
        ("5+", "5.0000"),
    ],
)
def test_numbers_are_read_as_people_write_them(shop, text, expected):
    shop.load(f"customer_id,total,date\nc1,{text},2026-01-01\n")
    assert shop.lines("line_total") == [(Decimal(expected),)]


@pytest.mark.parametrize(
    "quantity", ["(1)", "1-", "\u22121", "- 1", "-1", '"(1,00)"', '"$ (1.00)"', "1 TL-", "(1 adet)", "1-TL"]
)
@pytest.mark.parametrize("decimal", [".", ","])
def test_every_way_to_write_a_minus_makes_a_return(shop, quantity, decimal):
    shop.load(csv(f"c1,p1,Tea,{quantity},5,o1,2026-01-01"), decimal=decimal)
    assert shop.counts() == (1, 0, 0, 0, 1)
    assert shop.db.one("SELECT quantity, line_total FROM cancelled_purchases") == (Decimal(1), Decimal(5))


@pytest.mark.parametrize("zone", ["Europe/Istanbul", "UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("told", ["1990-05-01", "01.05.1990", "1.5.1990 00:00", "19900501", "1990-05-01T22:30:00Z"])
def test_a_birthday_is_the_same_day_in_every_zone(shop, zone, told):
    shop.land("purchases/a.csv", f"customer_id,total,date,birth_date\nc1,5,2026-01-10,{told}\n")
    shop.land("customers/a.csv", f"customer_id,birth_date\nc2,{told}\n")
    shop.ingest(default_timezone=zone)
    assert shop.db.execute("SELECT birth_date FROM customers").fetchall() == [(date(1990, 5, 1),)] * 2


def test_a_stored_birthday_is_the_same_day_in_every_zone(shop):
    (shop.landing / "customers").mkdir(parents=True)
    path = shop.landing / "customers" / "a.parquet"
    shop.db.execute(f"COPY (SELECT 'c1' AS customer_id, DATE '1990-05-01' AS birth_date) TO '{path}' (FORMAT parquet)")
    shop.ingest(default_timezone="Europe/Istanbul")
    assert shop.db.one("SELECT birth_date FROM customers") == (date(1990, 5, 1),)


@pytest.mark.parametrize("prefix", ["C", "C-", "IADE-", "CN/", "R.", "(x)"])
def test_orders_with_the_prefix_and_digits_are_cancellations(shop, prefix):
    shop.load(csv(f"c1,p1,Tea,1,5,{prefix}7,2026-01-01", "c1,p1,Tea,1,5,Rx7,2026-01-01"), cancellation_prefix=prefix)
    assert shop.counts() == (2, 1, 0, 0, 1)


def test_an_empty_prefix_makes_no_order_a_cancellation(shop):
    shop.load(csv("c1,p1,Tea,1,5,7,2026-01-01"), cancellation_prefix="")
    assert shop.counts() == (1, 1, 0, 0, 0)


def test_three_digits_after_the_mark_are_thousands_where_the_file_has_decimal_commas(shop):
    text = "customer_id;total;date\nc1;1.234;2026-01-01\nc1;1.234,50;2026-01-02\nc1;7,25;2026-01-03\n"
    shop.load(text)
    assert shop.lines("line_total") == [(Decimal("7.25"),), (Decimal(1234),), (Decimal("1234.5"),)]
    shop.load(text.replace("1.234,50", "2").replace("7,25", "3"), decimal=",")
    assert shop.lines("line_total") == [(Decimal(2),), (Decimal(3),), (Decimal(1234),)]


def test_dates_with_the_day_first_and_dots_are_read(shop):
    shop.load("customer_id,total,date\nc1,1,31.01.2026\nc2,1,1.2.2026 12:30\n")
    assert shop.lines("purchased_at") == [(datetime(2026, 1, 31),), (datetime(2026, 2, 1, 12, 30),)]


def test_cancellations_are_kept_apart_counted_and_matched_against_what_was_bought_before(shop):
    shop.load(
        csv(
            "c1,p1,Tea,5,10,o1,2026-01-01",
            "c1,p1,Tea,-3,10,C2,2026-01-02",  # of the 5
            "c1,p1,Tea,-3,10,o3,2026-01-03",  # 2 are left
            "c1,p2,Tea,1,10,C4,2026-01-04",  # never bought
            "c2,p1,Tea,-1,10,C5,2025-12-31",
            "c2,p1,Tea,1,10,COMBO,2026-01-01",  # a name that only begins like a cancellation
        )
    )
    assert shop.counts() == (6, 2, 0, 0, 4)
    found = shop.db.execute(
        "SELECT customer_id, product_id, quantity, line_total, is_matched FROM cancelled_purchases"
        " ORDER BY purchased_at"
    ).fetchall()
    assert [(*row[:2], int(row[2]), int(row[3]), row[4]) for row in found] == [
        ("c2", "p1", 1, 10, False),
        ("c1", "p1", 3, 30, True),
        ("c1", "p1", 3, 30, False),
        ("c1", "p2", 1, 10, False),
    ]
    assert shop.db.one("SELECT sum(line_total) FROM purchases") == (Decimal(60),)


def test_equal_lines_of_one_file_are_two_purchases_and_of_two_files_one(shop):
    shop.land("purchases/2026-01.csv", csv(GOOD, GOOD, GOOD.replace("p1", "p2")))
    shop.land("purchases/2026-all.csv", csv(GOOD, GOOD, GOOD, GOOD.replace("p1", "p3")))
    shop.ingest()
    assert shop.counts("purchases/2026-01.csv") == (3, 3, 0, 0, 0)
    assert shop.counts("purchases/2026-all.csv") == (4, 2, 0, 2, 0)


ORDERS = (["a", "b", "c"], ["c", "b", "a"], ["b", "ac"], ["abc"])


def test_files_may_arrive_in_any_order_one_by_one_or_together(tmp_path):
    files = {
        "a": csv(GOOD, GOOD, "c9,p,T,-1,5,C1,2026-01-01"),
        "b": csv(GOOD, "c2,p1,Tea,1,5,o9,2026-01-05", ",p,T,1,1,o,2026-01-01"),
        "c": csv(GOOD, GOOD, GOOD, "c9,p,T,-1,5,C1,2026-01-01"),
    }
    found = []
    for number, order in enumerate(ORDERS):
        with open_shop(tmp_path / str(number)) as shop:
            for names in order:
                for name in names:
                    shop.land(f"purchases/{name}.csv", files[name])
                shop.ingest()
            found.append(
                [
                    shop.db.execute(f"SELECT * EXCLUDE ({left_out}) FROM {table} ORDER BY ALL").fetchall()
                    for table, left_out in (("purchases", "unit_price"), ("cancelled_purchases", "quantity"),
                                            ("rejected_purchases", "record"), ("customers", "age"),
                                            ("purchase_files", "landed_recorded_at"))
                ]
            )  # fmt: skip
    assert all(tables == found[0] for tables in found)


def test_the_same_files_again_change_nothing_and_a_changed_one_replaces_its_lines(shop):
    shop.load(csv(GOOD))
    report = shop.ingest(now=datetime(2026, 7, 1))
    assert (report.read_files, report.unchanged_files) == ((), ("purchases/lines.csv",))
    shop.load(csv(GOOD.replace("c1", "c7")))
    assert shop.lines("customer_id") == [("c7",)]
    assert [row[0] for row in shop.db.execute("SELECT customer_id FROM customers").fetchall()] == ["c7"]


def test_missing_columns_are_told_with_those_found_and_how_to_map(shop):
    row = shop.load("who,what,when\n1,2,3\n")
    assert row["status"] == "error"
    for told in ('Columns found: "who", "what", "when"', "[customers.columns]", "customer_id ="):
        assert told in row["error"]
    row = shop.load("customer_id,date\nc1,2026-01-01\n")
    assert "no column is known to be the total of the line or the price of one" in row["error"]
    row = shop.load(
        "who,what,when\nc1,2,2026-01-01\n", columns={"customer_id": "who", "line_total": "what", "purchased_at": "when"}
    )
    assert (row["status"], row["accepted_count"]) == ("loaded", 1)


def test_an_empty_file_is_an_error_row_and_a_header_alone_holds_nothing(shop):
    assert "holds nothing" in shop.load("")["error"]
    assert shop.load(csv(), "purchases/b.csv")["read_count"] == 0
    assert shop.segment(date(2026, 1, 1)).as_of is None


def test_one_line_makes_one_customer(shop):
    shop.load(csv(GOOD))
    shop.segment(date(2026, 1, 1))
    (row,) = shop.segments().values()
    assert (row["mode"], row["order_count"], row["total_spent"], row["loyalty"]) == ("regular", 1, 21.0, "Bronz")


def test_ten_thousand_categories_and_one_category_are_both_fine(shop):
    shop.load(csv(*(f"c{i % 50},p{i},k{i},1,{1 + i % 7},o{i},2026-01-01" for i in range(10_000))))
    shop.segment(date(2026, 1, 1))
    assert len(shop.segments()) == 50
    shop.load(csv(*(f"c{i % 5},p{i},Tea,1,1,o{i},2026-01-01" for i in range(100))))
    shop.segment(date(2026, 1, 1))
    assert {row["affinity_category"] for row in shop.segments().values()} == {"Tea"}
    assert {row["affinity_type"] for row in shop.segments().values()} == {"Odaklı"}


def test_files_of_several_encodings_and_formats_are_one_shop(shop):
    line = {"customer_id": "ç1", "total": "1", "date": "2026-01-01", "category": "Çay"}
    header = "customer_id,total,date,category\n"
    shop.land("purchases/a.csv", (header + "ç1,1,2026-01-01,Çay\n").encode("cp1252"))
    shop.land("purchases/b.csv", (header + "ç1,1,2026-01-02,Çay\n").encode("utf-16"))
    shop.land("purchases/c.ndjson", json.dumps(line | {"date": "2026-01-03"}).encode())
    shop.land("purchases/d.json", json.dumps([line | {"date": "2026-01-04"}], ensure_ascii=False).encode())
    shop.land("purchases/e.txt", "customer_id  total  date        category\nç1          1      2026-01-05  Çay\n")
    shop.ingest()
    assert shop.lines("customer_id, product_id, category") == [("ç1", "Çay", "Çay")] * 5


def test_customer_files_make_new_customers_and_win_over_lines(shop):
    shop.land("purchases/a.csv", "customer_id,total,date,age,city\nc1,5,2026-01-10,30,Bursa\n")
    shop.land(
        "customers/1.csv", "customer_id,age,city,registered_at\nc1,41,İzmir,2025-01-01\nc2,20,Ankara,2026-01-05\n"
    )
    shop.land("customers/2.csv", "customer_id,age,city,registered_at\nc2,21,Ankara,2026-01-05\nc2,99,,\n")
    shop.ingest()
    assert shop.rejections() == [("customers/2.csv", 3, "duplicate_customer")]
    rows = shop.db.execute(
        "SELECT customer_id, origin, age, region, member_since FROM customers ORDER BY ALL"
    ).fetchall()
    assert rows == [
        ("c1", "both", 41, "İzmir", datetime(2025, 1, 1)),
        ("c2", "customers", 21, "Ankara", datetime(2026, 1, 5)),
    ]
    shop.segment(date(2026, 1, 1))
    new = shop.segments()["c2"]
    assert (new["mode"], new["last_purchase_days_ago"], new["recommended_strategy"]) == ("new_customer", 999, "WELCOME")
    assert (new["avg_basket"], new["estimated_budget"], new["churn"]) == (5.0, 6.0, "Riskli")


def test_region_files_give_climate_median_and_trend_and_cities_find_their_region(shop):
    shop.land("purchases/a.csv", "customer_id,total,date,city\nc1,5,2026-01-10,izmir\nc2,5,2026-01-10,Van\n")
    shop.land(
        "regions/r.csv", "city;region;climate;median basket;trend\nİzmir;Ege;Akdeniz;42,50;Zeytin\nIZMIR;Ege;;;\n"
    )
    shop.ingest()
    shop.segment(date(2026, 1, 1))
    rows = shop.segments()
    assert (rows["c1"]["region"], rows["c1"]["region_climate"], rows["c1"]["region_median_basket"]) == (
        "Ege",
        "Akdeniz",
        42.5,
    )
    assert (rows["c2"]["region"], rows["c2"]["region_climate"]) == ("Van", "Bilinmiyor")
    sources = {
        row["region"]: (row["median_source"], row["trend_source"], row["climate_source"], row["affinity_category"])
        for row in shop.db.rows("SELECT * FROM region_segments")
    }
    assert sources["Ege"] == ("given", "given", "given", "Zeytin")
    assert sources["Van"] == ("shop", "unknown", "unknown", "Bilinmiyor")


def test_a_region_is_one_however_its_case_is_and_spelt_as_the_region_files_spell_it(shop):
    lines = ["c1,5,2026-01-10,EGE", "c2,5,2026-01-10,ege", "c3,5,2026-01-10,KUZEY", "c4,5,2026-01-10,Kuzey"]
    shop.land("purchases/a.csv", "\n".join(["customer_id,total,date,region", *lines]))
    shop.land("regions/r.csv", "city,region,climate\n,Ege,Akdeniz\nManisa,ege,\n")
    shop.ingest()
    shop.segment(date(2026, 1, 1))
    assert {name: (row["region"], row["region_climate"]) for name, row in shop.segments().items()} == {
        "c1": ("Ege", "Akdeniz"),
        "c2": ("Ege", "Akdeniz"),
        "c3": ("KUZEY", "Bilinmiyor"),
        "c4": ("KUZEY", "Bilinmiyor"),
    }
    counts = shop.db.execute("SELECT region, customer_count FROM region_segments ORDER BY region").fetchall()
    assert counts == [("(all)", 4), ("Ege", 2), ("KUZEY", 2)]


def test_who_registered_before_buying_is_a_new_customer_of_that_month(shop):
    shop.land("customers/a.csv", "customer_id,registered_at\nc1,2026-01-05\n")
    shop.land("purchases/a.csv", "customer_id,total,date\nc1,5,2026-03-10\n")
    shop.ingest()
    assert shop.segment(date(2025, 12, 1)).as_of is None
    assert shop.segment(date(2026, 1, 1)).customer_count == 1
    assert shop.segments()["c1"]["mode"] == "new_customer"


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("customer_id,registered_at\nc1,2025-11-05\nc2,2026-02-05\n", date(2026, 2, 1)),
        ("customer_id,city\nc1,Van\n", date(2026, 6, 1)),
    ],
)
def test_customers_who_never_bought_have_a_month_and_segments(shop, text, month):
    shop.load(text, "customers/a.csv")
    assert customer_months(shop.db) == (month, month)
    shop.segment(month)
    assert {row["mode"] for row in shop.segments().values()} == {"new_customer"}
    assert write_backtest(shop.db, month, CustomerSettings()) == []


def test_a_shop_without_anybody_has_no_months(shop):
    assert customer_months(shop.db) is None
    shop.load(csv())
    assert customer_months(shop.db) is None


def test_a_file_of_customers_that_is_being_replaced_takes_nothing_away(shop):
    shop.land("purchases/a.csv", "customer_id,total,date\nc1,5,2026-01-10\n")
    shop.land("customers/1.csv", "customer_id,age\nc1,41\n")
    shop.ingest()
    shop.land("customers/1.csv", "customer_id,age\n")
    shop.land("purchases/b.csv", "customer_id,total,date\nc2,5,20")
    report = shop.ingest(settle_s=60)
    assert (report.read_files, report.waiting_files) == ((), ("customers/1.csv", "purchases/b.csv"))
    assert shop.db.execute("SELECT customer_id, age FROM customers").fetchall() == [("c1", 41)]
    shop.land("customers/1.csv", "customer_id,age\nc1,42\n")
    shop.ingest()
    assert shop.db.execute("SELECT customer_id, age FROM customers WHERE age > 0").fetchall() == [("c1", 42)]
