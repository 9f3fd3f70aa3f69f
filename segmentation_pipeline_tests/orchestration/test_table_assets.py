"""What an asset function reports, as Dagster keeps it."""

import dagster as dg

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.markdown import table
from segmentation_pipeline.orchestration.table_assets import table_asset
from segmentation_pipeline.segments.tables import SegmentModels
from segmentation_pipeline.warehouse.warehouse import Warehouse


def test_markdown_a_function_reports_is_shown_as_markdown_and_figures_as_they_are(tmp_path):
    home = Home(tmp_path)
    home.warehouse_file.parent.mkdir(parents=True)
    told = table(("segment",), [("Owls",)])

    @table_asset(SegmentModels, group="segments", kinds={"duckdb"})
    def segment_models(_context, warehouse):
        with warehouse.transaction() as db:
            db.ensure(SegmentModels)
        return {"told": told, "status": "ready"}

    definition = segment_models.definition(dg.StaticPartitionsDefinition(["2026-01-01"]))
    done = dg.materialize([definition], resources={"warehouse": Warehouse(home, Settings())})
    (event,) = done.get_asset_materialization_events()
    shown = event.materialization.metadata
    assert shown["told"] == dg.MetadataValue.md(told)
    assert shown["status"] == dg.MetadataValue.text("ready")
