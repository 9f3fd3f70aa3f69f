"""Contracts: one class gives the DDL, the comments and a validation that turns red at every violation."""

from datetime import date

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from segmentation_pipeline.errors import ContractBroken
from segmentation_pipeline.warehouse import contracts
from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline_tests.warehouse.toys import GOOD, ToyRows

MONTH = date(2026, 1, 1)


def test_the_class_name_gives_the_table_name_and_the_docstring_the_grain():
    assert contracts.table_name(ToyRows) == "toy_rows"
    assert contracts.grain(ToyRows) == "One row per refresh and toy."
    assert contracts.is_monthly(ToyRows)


def test_the_table_is_created_with_types_and_comments():
    with memory_database() as db:
        db.ensure(ToyRows)
        described = db.execute(
            "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = 'toy_rows' ORDER BY ALL"
        ).fetchall()
    assert ("share", "DOUBLE", "Share of play. [share]") in described
    assert ("counts", "MAP(VARCHAR, BIGINT)", "Uses by room.") in described
    assert len(described) == 7


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (GOOD.replace("'ball-1'", "''"), "toy_id"),
        (GOOD.replace("'ball-1'", "NULL"), "toy_id: not_nullable"),
        (GOOD.replace("0.5", "1.5"), "share: less_than_or_equal_to"),
        (GOOD.replace("0.5", "-0.5").replace("0.1", "-0.6"), "share: greater_than_or_equal_to"),
        (GOOD.replace("'ball' AS", "'kite' AS"), "kind: isin"),
        (GOOD.replace("0.1 AS low", "0.9 AS low"), "low_is_below"),
        (f"{GOOD} UNION ALL {GOOD}", "multiple_fields_uniqueness"),
    ],
)
def test_every_violation_is_red_and_named(changed, told):
    with memory_database() as db, pytest.raises(ContractBroken) as error:
        db.replace(ToyRows, changed, month=MONTH)
    assert told in str(error.value)
    assert error.value.table_name == "toy_rows"


def test_a_condition_on_null_passes_as_in_sql():
    with memory_database() as db:
        assert db.replace(ToyRows, GOOD.replace("0.1 AS low", "NULL AS low"), month=MONTH) == 1


def test_an_undescribed_column_is_refused():
    with memory_database() as db, pytest.raises(Exception, match="extra"):
        db.replace(ToyRows, f"SELECT *, 1 AS extra FROM ({GOOD})", month=MONTH)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "ball-1", "ball-2", None]),
            st.sampled_from([-0.5, 0.0, 0.5, 1.0, 1.5, None]),
            st.sampled_from(["ball", "kite", None]),
            st.sampled_from([-1.0, 0.2, 2.0, None]),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=40, deadline=None)
def test_the_screening_finds_a_violation_exactly_where_the_schema_does(rows):
    literals = [[f"'{v}'" if isinstance(v, str) else "NULL" if v is None else str(v) for v in row] for row in rows]
    values = " UNION ALL ".join(
        f"SELECT DATE '2026-01-01' AS refresh_month, {toy}::VARCHAR AS toy_id, {share}::DOUBLE AS share,"
        f" {kind}::VARCHAR AS kind, NULL::TIMESTAMP AS bought_at, NULL::MAP(VARCHAR, BIGINT) AS counts,"
        f" {low}::DOUBLE AS low"
        for toy, share, kind, low in literals
    )
    with memory_database() as db:
        db.append(ToyRows, values)
        found = ibis.duckdb.from_connection(db.connection).table("toy_rows")
        try:
            ToyRows.validate(found, lazy=True)
            is_broken = False
        except SchemaErrors:
            is_broken = True
        source = "WITH screened_rows AS (FROM toy_rows)"
        assert is_broken == any(db.rows(f"{source} {sql}") for sql in contracts.screening(ToyRows))
