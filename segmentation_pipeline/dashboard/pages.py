"""Which pages the dashboard has, in the order of the navigation.

Add here: a page, whose title goes under [page] of texts/ and whose `show` into screens/. Keep out: what pages show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.dashboard.screens import (
    add_data,
    customers,
    discovered,
    experiments,
    leads,
    map_page,
    moves,
    overview,
    quality,
    retention,
    segments,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from segmentation_pipeline.client import Client
    from segmentation_pipeline.dashboard.session import HomeView, Shown, View
    from segmentation_pipeline.dashboard.wording import Texts


@dataclass(frozen=True)
class Page:
    """One page about a refresh: its icon, what shows it, and whether it says nothing of one with too little data."""

    icon: str
    show: Callable[[View], None]
    needs_segments: bool = True


@dataclass(frozen=True)
class OwnPage:
    """One page that needs no refresh: its icon, what shows it, and what it offers where nothing is published yet."""

    icon: str
    show: Callable[[Shown], None]
    offer: Callable[[Client, Texts], None] | None = None
    needs_segments: bool = False


PAGES: dict[str, Page | OwnPage] = {
    "overview": Page(":material/space_dashboard:", overview.show),
    "map": Page(":material/scatter_plot:", map_page.show),
    "segments": Page(":material/groups:", segments.show),
    "retention": Page(":material/trending_down:", retention.show),
    "moves": Page(":material/swap_horiz:", moves.show),
    "experiments": Page(":material/experiment:", experiments.show, needs_segments=False),
    "discovered": Page(":material/psychology:", discovered.show),
    "customers": OwnPage(":material/shopping_basket:", customers.show),
    "leads": OwnPage(":material/contact_page:", leads.show, leads.offer),
    "quality": OwnPage(":material/fact_check:", quality.show),
}
"""Name, which is also the address, -> page."""


@dataclass(frozen=True)
class HomePage:
    """One page about the home itself, which is there before the first refresh: its icon and what shows it."""

    icon: str
    show: Callable[[HomeView], None]


ADD_DATA = "add_data"
HOME_PAGES = {ADD_DATA: HomePage(":material/upload_file:", add_data.show)}
"""As PAGES, behind them in the navigation."""

FIRST = next(iter(PAGES))
"""The page at `/`."""
