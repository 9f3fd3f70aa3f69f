"""`make docs`: writes docs/tables.md from the contracts and docs/settings.md from the settings template.

Add here: another page that is generated. Keep out: pages written by hand.
"""

from __future__ import annotations

from pathlib import Path

from segmentation_pipeline.definitions import VIEWS, table_assets
from segmentation_pipeline.templates import __file__ as templates_file
from segmentation_pipeline.warehouse.dictionary import tables_markdown
from segmentation_pipeline.warehouse.tables import CheckResults, TableWrites

FOLDER = Path(__file__).parent

SETTINGS_HEAD = """# Settings

Every home has one `pipeline.toml`; `segpipe init` writes the one below, with every key at its default. A wrong key or
value is an error that names the key, what was found and what is allowed. `first_month` and `clock` are measured on
your data at the first run and written in with the figures they rest on; `segpipe configure` measures them again.

"""


def pages() -> dict[str, str]:
    """Return file name -> text of every generated page."""
    groups: dict[str, list[type]] = {}
    for asset in table_assets():
        groups.setdefault(asset.group, []).extend(asset.tables)
    groups["warehouse"] = [CheckResults, TableWrites]
    template = Path(templates_file).with_name("pipeline.toml").read_text(encoding="utf-8")
    return {"tables.md": tables_markdown(groups, VIEWS), "settings.md": f"{SETTINGS_HEAD}```toml\n{template}```\n"}


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
