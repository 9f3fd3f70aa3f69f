"""Every constraint of every contract turns red at a row that violates it, and the write is rolled back."""

import pytest

from segmentation_pipeline.config import Settings
from segmentation_pipeline.definitions import table_assets
from segmentation_pipeline.errors import ContractBroken
from segmentation_pipeline.warehouse.contracts import is_monthly, table_name
from segmentation_pipeline.warehouse.tables import CheckResults, TableWrites
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.contract_mutations import ROW_MUTATIONS, mutations, row_constraints, valid_row
from segmentation_pipeline_tests.homes import PLANTED_MONTH

TABLES = [*(table for asset in table_assets() for table in asset.tables), CheckResults, TableWrites]
ROWS_MUTATED = 50
"""Rows of a table that take part: a violation in one of few is found as surely as in one of many."""


def test_every_constraint_over_a_row_has_a_mutation():
    constraints = set().union(*(row_constraints(table) for table in TABLES))
    assert constraints == set(ROW_MUTATIONS)


@pytest.mark.parametrize("table", TABLES, ids=table_name)
def test_each_violation_turns_the_contract_red_and_rolls_back(table, planted_home):
    warehouse = Warehouse(planted_home, Settings())
    name = table_name(table)
    month = PLANTED_MONTH if is_monthly(table) else None
    with warehouse.transaction() as db:
        db.ensure(table)
        if not db.one(f"SELECT count(*) FROM {name}")[0]:
            db.execute(f"INSERT INTO {name} BY NAME {valid_row(table)}")
        before = db.one(f"SELECT count(*), bit_xor(hash(rows)) FROM {name} AS rows")
    silent = []
    for mutation in mutations(table):
        try:
            with warehouse.transaction() as db:
                db.execute(f"CREATE TEMP TABLE mutated AS FROM {name} ORDER BY ALL LIMIT {ROWS_MUTATED}")
                if mutation.set_clause:
                    db.execute(f"UPDATE mutated SET {mutation.set_clause} WHERE rowid = 0")
                else:
                    db.execute("INSERT INTO mutated FROM mutated LIMIT 1")
                db.replace(table, "SELECT * FROM mutated", month=month)
        except ContractBroken as broken:
            told = {(failure["column"], str(failure["check"]).split("(")[0]) for failure in broken.failures}
            expected = mutation.column or table.__name__
            if (expected, mutation.check) not in told:
                silent.append((mutation, told))
        else:
            silent.append((mutation, "no violation"))
    assert silent == []
    with warehouse.read() as db:
        assert db.one(f"SELECT count(*), bit_xor(hash(rows)) FROM {name} AS rows") == before
