"""`make docs`: writes the pages of tables, settings, the sample's prompt and the API's examples from what they tell of.

Add here: another page that is generated. Keep out: pages written by hand.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from docs.api_examples import write_examples
from segmentation_pipeline.config import SAMPLE_HOME, Home
from segmentation_pipeline.definitions import VIEWS, table_assets
from segmentation_pipeline.insights.preview import prompts_of
from segmentation_pipeline.templates import __file__ as templates_file
from segmentation_pipeline.warehouse.dictionary import tables_markdown
from segmentation_pipeline.warehouse.tables import CheckResults, TableWrites
from segmentation_pipeline.warehouse.warehouse import Warehouse

FOLDER = Path(__file__).parent

SETTINGS_HEAD = """# Settings

Every home has one `pipeline.toml`; `segpipe init` writes the one below, with every key at its default. A wrong key or
value is an error that names the key, what was found and what is allowed. `first_month` and `clock` are measured on
your data at the first run and written in with the figures they rest on; `segpipe configure` measures them again.

"""

PROMPT_HEAD = """# A real prompt

What a model is told for the {what} of the sample (`{name}`), whole. `segpipe prompts` prints them all for your data.

"""
SAMPLE_MONTH = date(2026, 1, 1)


def pages() -> dict[str, str]:
    """Return file name -> text of every generated page."""
    groups: dict[str, list[type]] = {}
    for asset in table_assets():
        groups.setdefault(asset.group, []).extend(asset.tables)
    groups["warehouse"] = [CheckResults, TableWrites]
    template = Path(templates_file).with_name("pipeline.toml").read_text(encoding="utf-8")
    return {"tables.md": tables_markdown(groups, VIEWS), "settings.md": f"{SETTINGS_HEAD}```toml\n{template}```\n"}


def prompt_page() -> tuple[str, str]:
    """Return name and text of the page with a real prompt: what a model would be told of the sample's first segment."""
    warehouse = Warehouse(Home(SAMPLE_HOME), Home(SAMPLE_HOME).settings())
    what, prompt = next(prompts_of(warehouse, SAMPLE_MONTH))
    return "prompt-of-the-sample.md", f"{PROMPT_HEAD.format(what=what, name=prompt.name)}```\n{prompt.text}\n```\n"


if __name__ == "__main__":
    found = pages()
    if Home(SAMPLE_HOME).published_file.exists():  # `make run` makes it
        name, text = prompt_page()
        found[name] = text
        write_examples(Home(SAMPLE_HOME))
    for name, text in found.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
