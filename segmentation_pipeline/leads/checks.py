"""Checks of leads beyond the contracts: nothing is lost, nothing leaks, rates rest on what they say.

Add here: a check over rows or tables. Keep out: constraints on single rows (tables.py).
"""

import hashlib
from datetime import date

from segmentation_pipeline.leads.tables import DUPLICATE, LeadClusters, LeadColumns, LeadExports, LeadFiles, LeadImports
from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.warehouse.database import load_sql
from segmentation_pipeline.warehouse.resource import Warehouse

MOST_NAMED = 5


@table_check(LeadFiles)
def no_lead_is_lost(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Per import, what lead_files tells is what the tables hold: read = accepted + rejected + duplicate."""
    with warehouse.read() as db:
        wrong = db.rows(load_sql(__package__, "lost_leads"), {"duplicate": DUPLICATE})
        (files, read) = db.one("SELECT count(*), coalesce(sum(read_count), 0) FROM lead_files")
    names = ", ".join(str(row["import_id"]) for row in wrong[:MOST_NAMED])
    return CheckOutcome(
        passed=not wrong,
        description=(
            f"Records of {len(wrong)} imports do not add up: {names}. Next: land these files again."
            if wrong
            else f"All {int(read):,} records of {files:,} imports are accepted, rejected or duplicates."
        ),
        values={"import_count": int(files), "read_count": int(read), "wrong_imports": len(wrong)},
    )


@table_check(LeadFiles)
def every_lead_file_is_readable(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Files of leads that could not be read as a whole are named; the others are loaded without them."""
    with warehouse.read() as db:
        errors = [
            str(row["error"])
            for row in db.rows("SELECT error FROM lead_files WHERE status = 'error' ORDER BY import_id")
        ]
    return CheckOutcome(
        passed=not errors,
        severity="WARN",
        description="\n".join(errors[:10]) if errors else "Every landed file of leads was read.",
        values={"error_files": len(errors)},
    )


@table_check(LeadImports)
def outcomes_are_known(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Leads whose outcome is no word we know are counted: they are in no rate."""
    with warehouse.read() as db:
        rows = db.rows(
            "SELECT import_id, unknown_outcome_count, lead_count FROM lead_imports WHERE unknown_outcome_count > 0"
            " ORDER BY import_id",
        )
    told = "; ".join(
        f"{row['import_id']}: {row['unknown_outcome_count']:,} of {row['lead_count']:,}" for row in rows[:MOST_NAMED]
    )
    return CheckOutcome(
        passed=not rows,
        severity="WARN",
        description=(
            f"Leads with an outcome that cannot be read, in no rate: {told}. Next: name the words they use as "
            'converted_words or not_converted_words under [leads] in pipeline.toml ("" is an empty outcome).'
            if rows
            else "Every lead's outcome is known."
        ),
        values={"imports": len(rows)},
    )


@table_check(LeadImports)
def maturity_can_be_judged(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Where only matured leads shall count, leads must say when they came."""
    with warehouse.read() as db:
        names = [
            str(row["import_id"])
            for row in db.rows(
                "SELECT import_id FROM lead_imports WHERE maturity = 'no_date_column' ORDER BY import_id",
            )
        ]
    return CheckOutcome(
        passed=not names,
        severity="WARN",
        description=(
            f"Whether leads are old enough cannot be judged, so all count: {', '.join(names[:MOST_NAMED])} has no "
            'readable date. Next: name its column under [leads.columns] in pipeline.toml, lead_date = "COLUMN", or '
            "leave out matured_after_days."
            if names
            else "Leads too young to have converted are left out of rates, or nothing asks for it."
        ),
        values={"imports": len(names)},
    )


@table_check(LeadColumns)
def no_column_tells_the_outcome(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """A single column that nearly tells the outcome was filled in after it: it is named and kept out of the groups."""
    with warehouse.read() as db:
        rows = db.rows(
            "SELECT c.import_id, c.header, c.auc, i.encoding FROM lead_columns AS c JOIN lead_imports AS i"
            " USING (import_id) WHERE c.status = 'leaking' ORDER BY c.import_id, c.auc DESC",
        )
    told = "; ".join(f"{row['header']} of {row['import_id']} (AUC {row['auc']:.2f})" for row in rows[:MOST_NAMED])
    is_kept = any(row["encoding"] == "label" for row in rows)
    what = 'still used, because encoding = "label" reproduces another system' if is_kept else "left out of the groups"
    return CheckOutcome(
        passed=not rows,
        severity="WARN",
        description=(
            f"Columns that tell the outcome by themselves, {what}: {told}. Next: nothing, if they are filled in after "
            "the outcome; else raise leak_auc under [leads] in pipeline.toml."
            if rows
            else "No single column tells the outcome. Columns together are not judged: leave out by hand what is "
            "filled in after it."
        ),
        values={"leaking_columns": len(rows)},
    )


@table_check(LeadClusters)
def every_lead_has_a_persona(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Every accepted lead is in one group, and personas are as large as their groups."""
    with warehouse.read() as db:
        wrong = db.rows(load_sql(__package__, "leads_without_persona"))
        (count,) = db.one("SELECT count(*) FROM lead_clusters")
    names = ", ".join(str(row["import_id"]) for row in wrong[:MOST_NAMED])
    return CheckOutcome(
        passed=not wrong,
        description=(
            f"Leads, groups and personas of {len(wrong)} imports do not add up: {names}. Next: land these files again."
            if wrong
            else f"All {int(count):,} leads have a persona."
        ),
        values={"lead_count": int(count), "wrong_imports": len(wrong)},
    )


@table_check(LeadExports)
def exports_are_as_written(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """The files for people are there and hold what was written."""
    with warehouse.read() as db:
        rows = db.rows("SELECT path, sha256 FROM lead_exports ORDER BY path")
        missing = db.rows(
            "SELECT import_id FROM lead_imports ANTI JOIN (SELECT import_id FROM lead_exports"
            " WHERE kind = 'clustered') USING (import_id) ORDER BY import_id",
        )
    changed = [str(row["path"]) for row in rows if _hash_of(warehouse, str(row["path"])) != row["sha256"]] + [
        f"clustered.csv of {row['import_id']} (its landed file is gone or changed)" for row in missing
    ]
    return CheckOutcome(
        passed=not changed,
        severity="WARN",
        description=(
            f"Files for people that are not there as written: {', '.join(changed[:MOST_NAMED])}. "
            "Next: land the file again, or delete the export and run again; it is then written anew."
            if changed
            else f"All {len(rows):,} files for people are in place."
        ),
        values={"file_count": len(rows), "changed_files": len(changed)},
    )


def _hash_of(warehouse: Warehouse, path: str) -> str | None:
    found = warehouse.home.root / path
    return hashlib.sha256(found.read_bytes()).hexdigest() if found.is_file() else None
