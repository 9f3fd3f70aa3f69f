"""`segpipe prompts`: what a language model would be told about a refresh, printed without asking one.

Add here: another way to look at prompts. Keep out: what they hold (insights/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.errors import NotFound
from segmentation_pipeline.insights.preview import prompts_of
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

    from segmentation_pipeline.config import Home


def print_prompts(home: Home, console: Console, *, month: date | None) -> None:
    """Print every kind of prompt of a refresh, by default the newest with segments.

    Raises:
        NotFound: there is no such refresh, or it has no segments.
    """
    warehouse = Warehouse(home, home.settings())
    with warehouse.read() as db:
        found = db.execute("SELECT DISTINCT refresh_month FROM clusters ORDER BY ALL").fetchall()
    months = [row[0] for row in found]
    if not months or (month is not None and month not in months):
        known = ", ".join(f"{known:%Y-%m}" for known in months) or "none: segpipe run makes one"
        raise NotFound(f"There is no refresh with segments to ask about. Next: choose one of {known}.")
    for what, prompt in prompts_of(warehouse, month or months[-1]):
        console.rule(f"{what}: {prompt.name}")
        console.print(prompt.text, markup=False, highlight=False, soft_wrap=True)
