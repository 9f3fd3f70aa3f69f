"""The factory that makes an asset of a function and the tables it writes, contract check included.

Add here: what every table asset must carry. Keep out: what a single asset reports of its own.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

import dagster as dg

from segmentation_pipeline.errors import ContractBroken, PipelineError
from segmentation_pipeline.markdown import Markdown
from segmentation_pipeline.orchestration.check_results import CheckResult, record_checks
from segmentation_pipeline.warehouse import contracts
from segmentation_pipeline.warehouse.contracts import Table, table_name
from segmentation_pipeline.warehouse.resource import Warehouse
from segmentation_pipeline.warehouse.unpublished import tell_unpublished

CONTRACT_CHECK = "contract"
OWNERS = ["team:data"]

MONTHLY_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=35), warn_window=timedelta(days=32))
"""A month has at most 31 days: a schedule that works refreshes within 32, and 35 allow for mending what failed."""


class TableFunction(Protocol):
    """What an asset function looks like: reads and writes through the warehouse, returns extra metadata."""

    __name__: str
    __doc__: str | None

    def __call__(self, context: dg.AssetExecutionContext, warehouse: Warehouse, /) -> Mapping[str, Any] | None:
        """Write the tables; return metadata, flat or keyed by table name; `Markdown` is shown as such."""


def refresh_month(context: dg.AssetExecutionContext) -> date:
    """Return the refresh the running partition stands for: the first of its month."""
    return date.fromisoformat(context.partition_key)


@dataclass(frozen=True)
class TableAsset:
    """An asset function with the tables it writes, not yet bound to a home's partitions."""

    function: TableFunction
    tables: tuple[type[Table], ...]
    reads: tuple[type[Table], ...]
    group: str
    kinds: frozenset[str]
    is_monthly: bool
    code_version: str
    freshness: dg.FreshnessPolicy | None = None

    def definition(self, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
        """Return the Dagster asset; `partitions` are those of the home, used when the asset is monthly."""

        @dg.multi_asset(
            name=self.function.__name__,
            specs=[self._spec(table) for table in self.tables],
            check_specs=[_contract_spec(table) for table in self.tables],
            partitions_def=partitions if self.is_monthly else None,
            required_resource_keys={"warehouse"},
            can_subset=self._is_subsettable,
        )
        def asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
            warehouse: Warehouse = context.resources.warehouse
            month = refresh_month(context) if self.is_monthly else None
            selected = {key.to_user_string() for key in context.selected_asset_keys}
            try:
                with self._told_if_it_fails(context, warehouse, month):
                    reported = self.function(context, warehouse) or {}
            except ContractBroken as broken:
                recorded = _broken_contract(warehouse, broken, month)
                if broken.table_name in selected:
                    yield recorded
                raise dg.Failure(
                    description=str(broken), metadata={"violations": broken.failures}, allow_retries=False
                ) from None
            except PipelineError as error:
                raise dg.Failure(description=str(error), allow_retries=False) from None
            for result in _results(warehouse, self.tables, month, reported):
                if result.asset_key and result.asset_key.to_user_string() in selected:
                    yield result

        return asset

    @contextmanager
    def _told_if_it_fails(
        self, context: dg.AssetExecutionContext, warehouse: Warehouse, month: date | None
    ) -> Iterator[None]:
        """Note for readers of the published copy why this run publishes nothing."""
        try:
            yield
        except Exception as error:
            table = error.table_name if isinstance(error, ContractBroken) else self.function.__name__
            told = str(error) if isinstance(error, PipelineError) else f"{type(error).__name__}: {error}"
            tell_unpublished(warehouse.home, context.run_id, table=table, month=month, message=told)
            raise

    @property
    def _is_subsettable(self) -> bool:
        """Monthly tables of one function are written together but may be selected apart.

        Dagster's UI refuses to backfill a non-subsettable monthly multi-asset inside a larger selection: it compares
        the months of its tables with `!=`, which also compares a cached count that depends on the path through the
        graph. Unpartitioned ones are not compared.
        """
        return self.is_monthly and len(self.tables) > 1

    def _spec(self, table: type[Table]) -> dg.AssetSpec:
        own = {table_name(written) for written in self.tables}
        return dg.AssetSpec(
            table_name(table),
            deps=[table_name(source) for source in self.reads if table_name(source) not in own],
            group_name=self.group,
            kinds=set(self.kinds),
            owners=OWNERS,
            code_version=self.code_version,
            description=_description(table, self.function),
            metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table_name(table)},
            skippable=self._is_subsettable,
            freshness_policy=self.freshness,
        )


def table_asset(
    *tables: type[Table],
    reads: Sequence[type[Table]] = (),
    group: str,
    kinds: set[str],
    monthly: bool = False,
    code_version: str = "1",
    freshness: dg.FreshnessPolicy | None = None,
) -> Callable[[TableFunction], TableAsset]:
    """Make an asset of each table a function writes in one transaction.

    The contract of every table is a blocking asset check: it is validated inside the writing transaction; red
    rolls back, is recorded, and fails the step, so nothing is materialised and what follows stops.
    """

    def decorate(function: TableFunction) -> TableAsset:
        return TableAsset(function, tables, tuple(reads), group, frozenset(kinds), monthly, code_version, freshness)

    return decorate


def column_schema(table: type[Table]) -> dg.TableSchema:
    """Describe the table's columns the way Dagster's UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                kind,
                description=f"{description} [{unit}]" if unit else description,
                constraints=dg.TableColumnConstraints(nullable=nullable),
            )
            for name, (kind, nullable, description, unit) in contracts.columns(table).items()
        ]
    )


def _description(table: type[Table], function: TableFunction) -> str:
    """The grain first, then what the asset function says of how the rows come about."""
    grain, told = contracts.grain(table), inspect.cleandoc(function.__doc__ or "")
    return grain if told.startswith(grain) and len(told) == len(grain) else f"{grain}\n\n{told}".strip()


def _contract_spec(table: type[Table]) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        CONTRACT_CHECK,
        asset=table_name(table),
        blocking=True,
        description=f"Every row of {table_name(table)} keeps its contract (checked before the commit).",
    )


def _broken_contract(warehouse: Warehouse, broken: ContractBroken, month: date | None) -> dg.AssetCheckResult:
    result = CheckResult(
        table=broken.table_name,
        check=CONTRACT_CHECK,
        month=month,
        is_passed=False,
        severity="ERROR",
        description=str(broken),
        values={"violations": broken.failures},
    )
    record_checks(warehouse, [result])
    return dg.AssetCheckResult(
        passed=False,
        asset_key=broken.table_name,
        check_name=CONTRACT_CHECK,
        severity=dg.AssetCheckSeverity.ERROR,
        description=str(broken),
        metadata={"violations": broken.failures},
    )


def _shown(value: Any) -> Any:
    return dg.MetadataValue.md(value) if isinstance(value, Markdown) else value


def _results(
    warehouse: Warehouse, tables: Sequence[type[Table]], month: date | None, reported: Mapping[str, Any]
) -> Iterator[dg.MaterializeResult[Any]]:
    names = [table_name(table) for table in tables]
    keyed = reported if all(key in names for key in reported) else {names[0]: reported}
    with warehouse.read() as db:
        where, bound = ("", None) if month is None else (" WHERE refresh_month = $month", {"month": month})
        counts = {name: int(db.one(f"SELECT count(*) FROM {name}{where}", bound)[0]) for name in names}
    kept = {
        name: f"Every row keeps the contract ({len(contracts.columns(table))} columns)."
        for table, name in zip(tables, names, strict=True)
    }
    record_checks(
        warehouse,
        [
            CheckResult(name, CONTRACT_CHECK, month, is_passed=True, severity="ERROR", description=description)
            for name, description in kept.items()
        ],
    )
    for name, description in kept.items():
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(name),
            metadata={
                "dagster/partition_row_count" if month else "dagster/row_count": counts[name],
                **{key: _shown(value) for key, value in keyed.get(name, {}).items()},
            },
            check_results=[
                dg.AssetCheckResult(passed=True, asset_key=name, check_name=CONTRACT_CHECK, description=description)
            ],
        )
