"""The notebook runs from top to bottom on any home, and is kept with what it showed."""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient

from segmentation_pipeline_tests.conftest import REPOSITORY

NOTEBOOK = REPOSITORY / "notebooks" / "from_events_to_survival.ipynb"


def test_the_notebook_runs_on_a_home_with_rejected_records(planted_home, monkeypatch):
    monkeypatch.setenv("SEGPIPE_HOME", str(planted_home.root))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = "\n".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))
    assert "blank_user" in shown
    assert "both ways" in shown


def test_it_is_kept_whole_with_its_pictures_and_without_anybodys_paths():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"stream", "execute_result", "display_data"}
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    assert not any(root in str(outputs) for root in ("/tmp/", "/home/", "/root/", "/work/"))
