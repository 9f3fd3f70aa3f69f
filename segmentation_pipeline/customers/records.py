"""What the files of customers hold: lines of purchases, customers, regions; their columns and what may be wrong.

Add here: a well-known name (in the tier that says how sure it is), a reason with its words.
Keep out: reading files (landing/) and loading (ingest.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.landing.kinds import FORM_REASONS, Reason, RecordKind
from segmentation_pipeline.landing.mapping import Role, Wanted
from segmentation_pipeline.landing.missing import MISSING
from segmentation_pipeline.warehouse.contracts import quoted
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from segmentation_pipeline.customer_settings import CustomerSettings

Kind = Literal["purchases", "customers", "regions"]

SECTION = "customers.columns"
SAMPLED = 20_000
"""Records looked at to tell a decimal comma from one between thousands."""

_CUSTOMER = Role(
    "customer_id",
    "the customer",
    (("customerid",), ("custid", "clientid", "memberid", "userid"), ("customer", "client")),
)
_CITY = Role("city", "the city", (("city", "cityname"), ("town", "sehir", "şehir", "il")), is_required=False)
_REGION = Role(
    "region",
    "the region",
    (("region", "regionname"), ("state", "province", "bolge", "bölge"), ("country",)),
    is_required=False,
)
_PERSON = (
    _CITY,
    _REGION,
    Role("age", "the age", (("age",), ("yas", "yaş")), is_required=False),
    Role(
        "birth_date",
        "the birth date",
        (("birthdate", "dateofbirth", "dob", "birthday"),),
        is_required=False,
        is_moment=True,
    ),
    Role("gender", "the gender", (("gender",), ("sex", "cinsiyet")), is_required=False),
    Role(
        "registered_at",
        "the day of registration",
        (("registeredat", "registrationdate", "registered"), ("signupdate", "signedupat", "membersince", "joinedat")),
        is_required=False,
        is_moment=True,
    ),
)

ROLES: dict[Kind, tuple[Role, ...]] = {
    "purchases": (
        _CUSTOMER,
        Role(
            "product_id",
            "the product",
            (("productid", "stockcode", "sku"), ("itemid", "articleid", "productcode"), ("product", "item", "article")),
            is_required=False,
        ),
        Role(
            "category", "the category", (("category", "productcategory"), ("department", "kategori")), is_required=False
        ),
        Role(
            "quantity",
            "the quantity",
            (("quantity",), ("qty", "numberofcds"), ("units", "count", "adet")),
            is_required=False,
        ),
        Role(
            "unit_price",
            "the price of one",
            (("unitprice",), ("itemprice", "priceperunit"), ("price",)),
            is_required=False,
        ),
        Role(
            "line_total",
            "the total of the line",
            (
                ("linetotal", "totalamount"),
                ("total", "totalprice", "dollarvalue", "totalspent"),
                ("amount", "revenue", "sales"),
            ),
            is_required=False,
        ),
        Role(
            "order_id",
            "the order",
            (
                ("orderid", "ordernumber"),
                ("invoiceno", "invoiceid", "invoicenumber", "invoice"),
                ("transactionid", "receiptid", "basketid", "order"),
            ),
            is_required=False,
        ),
        Role(
            "purchased_at",
            "the time of the purchase",
            (
                ("purchasedat", "purchasedate"),
                ("orderdate", "orderedat", "invoicedate", "transactiondate"),
                ("timestamp", "datetime", "date", "time"),
                ("createdat", "tarih"),
            ),
            is_moment=True,
        ),
        *_PERSON,
    ),
    "customers": (_CUSTOMER, *_PERSON),
    "regions": (
        _CITY,
        Role(
            "region",
            "the region",
            (("region", "regionname"), ("name", "state", "province", "bolge", "bölge"), ("country",)),
        ),
        Role("climate", "the climate", (("climate", "climatetype", "regionclimate"), ("iklim",)), is_required=False),
        Role("median_basket", "the median basket", (("medianbasket",), ("medianorder", "median")), is_required=False),
        Role("trend", "the trend", (("trend",), ("trendcategory", "trendingcategory")), is_required=False),
    ),
}

_ID = {
    "blank_customer": Reason(
        "customer_id", "the customer is blank", "give every record a customer, or accept that it is left out"
    )
}
_ABOUT_PERSON = {
    "age_out_of_range": Reason(
        "age", "the age is no number from 0 to 120", "correct it, or leave it empty", is_shown=True
    ),
    "unparseable_birth_date": Reason(
        "birth_date",
        "the birth date cannot be read",
        "write 1990-01-31 or 31.01.1990, or leave it empty",
        is_shown=True,
    ),
    "birth_date_out_of_range": Reason(
        "birth_date",
        "the birth date makes an age that is not from 0 to 120",
        "correct it, or leave it empty",
        is_shown=True,
    ),
    "unparseable_registration": Reason(
        "registered_at",
        "the day of registration cannot be read",
        "write ISO 8601 (2026-01-31) or 31.01.2026, or leave it empty",
        is_shown=True,
    ),
}

REASONS: dict[Kind, dict[str, Reason]] = {
    "purchases": {
        **_ID,
        "missing_time": Reason("purchased_at", "the time is blank", "give every purchase a time"),
        "unparseable_time": Reason(
            "purchased_at",
            "the time cannot be read",
            "write ISO 8601 (2026-01-31T12:00:00Z), 31.01.2026 12:00, or a number of seconds since 1970",
            is_shown=True,
        ),
        "future_time": Reason(
            "purchased_at",
            "the time is after the file was first seen",
            "check the clock that wrote it and [input] default_timezone in pipeline.toml",
            is_shown=True,
        ),
        "unparseable_quantity": Reason("quantity", "the quantity is no number", "write a number", is_shown=True),
        "zero_quantity": Reason("quantity", "the quantity is 0", "leave out lines on which nothing was bought"),
        "missing_price": Reason(
            "unit_price", "neither price nor total is given", "give every purchase a price or a total"
        ),
        "unparseable_price": Reason(
            "unit_price",
            "the price or total is no number, or too large",
            'write a number; `decimal` under [customers] in pipeline.toml says whether "," or "." is the decimal mark',
            is_shown=True,
        ),
        "negative_price": Reason(
            "unit_price",
            "the price or total is negative though something was bought",
            "correct it; returns have a negative quantity or an order that begins with cancellation_prefix",
            is_shown=True,
        ),
        "zero_price": Reason(
            "unit_price", "the price is 0", "nothing was spent: accept that it is left out, or correct it"
        ),
        **_ABOUT_PERSON,
        **FORM_REASONS,
    },
    "customers": {
        **_ID,
        "duplicate_customer": Reason(
            "customer_id",
            "the customer stands in an earlier record of the file",
            "keep one record a customer",
            is_shown=True,
        ),
        **_ABOUT_PERSON,
        **FORM_REASONS,
    },
    "regions": {
        "blank_region": Reason("region", "the region is blank", "give every record a region"),
        "unparseable_median": Reason(
            "median_basket",
            "the median basket is no number of at least 0",
            "correct it, or leave it empty",
            is_shown=True,
        ),
        "duplicate_city": Reason(
            "city",
            "the city, or the region without a city, stands in an earlier record",
            "keep one record a city",
            is_shown=True,
        ),
        **FORM_REASONS,
    },
}

_PERSON_STAGED = "city VARCHAR, region VARCHAR, gender VARCHAR, age DOUBLE, birth_date DATE, registered_at TIMESTAMP"
_STAGED: dict[Kind, str] = {
    "purchases": (
        "customer_id VARCHAR, product_id VARCHAR, category VARCHAR, quantity DECIMAL(18,4), unit_price DECIMAL(18,4), "
        f"line_total DECIMAL(18,4), order_id VARCHAR, purchased_at TIMESTAMP, {_PERSON_STAGED}, "
        "is_cancellation BOOLEAN, line_key BIGINT"
    ),
    "customers": f"customer_id VARCHAR, {_PERSON_STAGED}",
    "regions": "city VARCHAR, region VARCHAR, climate VARCHAR, median_basket DECIMAL(18,4), trend VARCHAR",
}

_TOLD_TEXT = (
    "CREATE OR REPLACE TEMP MACRO told_text(t) AS CASE WHEN without_blanks(t)"
    f" NOT IN ({', '.join(quoted(word) for word in MISSING)}) THEN without_blanks(t) END"
)
"""What is said of a person, null where the text stands for a value nobody told."""


def customer_records(kind: Kind, settings: CustomerSettings) -> RecordKind:
    """Return how the settings want the files of one folder read."""
    names = {role.name for role in ROLES[kind]}
    named = {name: (column,) for name, column in settings.columns if column is not None and name in names}
    prefix = settings.cancellation_prefix
    pattern = f"^{re.escape(prefix)}\\d+$" if prefix else "^$"
    return RecordKind(
        wanted=Wanted(
            SECTION,
            ROLES[kind],
            named,
            one_of=(("line_total", "unit_price"),) if kind == "purchases" else (),
        ),
        columns=f"file_number INTEGER, {_STAGED[kind]}, reason VARCHAR, found VARCHAR, record VARCHAR",
        staged=load_sql(__package__, f"staged_{kind}").replace("{cancelled}", quoted(pattern)),
        reasons=REASONS[kind],
        macros=(load_sql(__package__, "exact_number"), _TOLD_TEXT),
        looked_up=lambda connection, fields: _decimal_mark(connection, fields, kind, settings),
    )


def _decimal_mark(
    connection: duckdb.DuckDBPyConnection, fields: str, kind: Kind, settings: CustomerSettings
) -> Mapping[str, str]:
    """Tell in the beginning of a file whether its decimal mark is a comma, where a number alone does not say."""
    columns = {"purchases": ("quantity", "unit_price", "line_total"), "regions": ("median_basket",)}.get(kind, ())
    mark = settings.decimal
    if mark == "auto":
        mark = "."
        for column in columns:
            (is_comma,) = connection.execute(
                f"SELECT bool_or(regexp_matches({column}, ',(\\d{{1,2}}|\\d{{4,}})\\D*$|\\.\\d{{3}},\\d'))"
                f" FROM (SELECT {column} FROM ({fields}) LIMIT {SAMPLED})"
            ).fetchone() or (False,)
            if is_comma:
                mark = ","
    return {"mark": quoted(mark)}
