"""Every constraint of every contract turns red at a row that violates it, and the write is rolled back."""

import pytest

from segmentation_pipeline.config import Settings
from segmentation_pipeline.definitions import table_assets
from segmentation_pipeline.errors import ContractBroken
from segmentation_pipeline.segments.tables import StaleRefreshes
from segmentation_pipeline.warehouse.contracts import is_monthly, table_name
from segmentation_pipeline.warehouse.tables import CheckResults, TableWrites
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.contract_mutations import ROW_MUTATIONS, mutations, row_constraints, valid_row
from segmentation_pipeline_tests.homes import PLANTED_MONTH

TABLES = [*(table for asset in table_assets() for table in asset.tables), CheckResults, TableWrites]
ROWS_MUTATED = 200
"""Rows of a table that take part: a violation in one of few is found as surely as in one of many."""

NOT_BY_MONTH = {CheckResults, TableWrites, StaleRefreshes}
"""Tables whose `refresh_month` names what they tell of; they are not replaced month by month."""


def test_every_constraint_over_a_row_has_a_mutation():
    constraints = set().union(*(row_constraints(table) for table in TABLES))
    assert constraints == set(ROW_MUTATIONS)


@pytest.mark.parametrize("table", TABLES, ids=table_name)
def test_each_violation_turns_the_contract_red_and_rolls_back(table, planted_home):
    """Column constraints are broken each in a row of its own, and one validation must tell of all of them.

    Constraints over a row are broken one at a time, because the broken columns could trip them too.
    """
    warehouse = Warehouse(planted_home, Settings())
    name = table_name(table)
    with warehouse.transaction() as db:
        db.ensure(table)
        if not db.one(f"SELECT count(*) FROM {name}")[0]:
            db.execute(f"INSERT INTO {name} BY NAME {valid_row(table)}")
        before = db.one(f"SELECT count(*), bit_xor(hash(rows)) FROM {name} AS rows")
    columns = [mutation for mutation in mutations(table) if mutation.column]
    rows = [mutation for mutation in mutations(table) if not mutation.column]
    silent = _not_told(warehouse, table, columns)
    for mutation in rows:
        silent += _not_told(warehouse, table, [mutation])
    assert silent == []
    with warehouse.read() as db:
        assert db.one(f"SELECT count(*), bit_xor(hash(rows)) FROM {name} AS rows") == before


def _not_told(warehouse, table, broken):
    """Break each constraint in a row of its own, write, and return those the contract did not name."""
    name = table_name(table)
    month = PLANTED_MONTH if is_monthly(table) and table not in NOT_BY_MONTH else None
    try:
        with warehouse.transaction() as db:
            db.execute(f"CREATE TEMP TABLE valid AS FROM {name} ORDER BY ALL LIMIT {ROWS_MUTATED}")
            db.execute("CREATE TEMP TABLE mutated AS FROM valid WHERE false")
            for number, mutation in enumerate(broken):
                db.execute(
                    f"CREATE OR REPLACE TEMP TABLE one AS FROM valid LIMIT 1 OFFSET {number % _count(db, 'valid')}"
                )
                if mutation.set_clause:
                    db.execute(f"UPDATE one SET {mutation.set_clause}")
                else:
                    db.execute("INSERT INTO one FROM one")
                db.execute("INSERT INTO mutated FROM one")
            db.replace(table, "SELECT * FROM mutated", month=month)
    except ContractBroken as error:
        told = {(failure["column"], str(failure["check"]).split("(")[0]) for failure in error.failures}
        return [m for m in broken if (m.column or table.__name__, m.check) not in told]
    return broken


def _count(db, name):
    return db.one(f"SELECT count(*) FROM {name}")[0]
