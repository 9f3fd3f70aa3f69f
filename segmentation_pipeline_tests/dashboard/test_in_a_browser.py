"""The dashboard as people meet it: in Chromium, wide and narrow, light and dark, by mouse and by keyboard."""

import contextlib
import sqlite3

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client import maps
from segmentation_pipeline.dashboard.pages import HOME_PAGES, PAGES
from segmentation_pipeline.dashboard.wording import load_texts
from segmentation_pipeline.homes import create_home
from segmentation_pipeline_tests.dashboard.dashboard_server import (
    FAULTS,
    PATIENCE_MS,
    chromium,
    dashboard_server,
    settle,
    show,
    show_every_page,
    unfold,
)
from segmentation_pipeline_tests.dashboard.published_homes import HOSTILE, add_second_month, alter
from segmentation_pipeline_tests.homes import LOAN_MONTH, make_loan_home, refresh_in_process
from segmentation_pipeline_tests.surfaces import published_only

pytestmark = pytest.mark.xdist_group("dashboard")

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

POINT = """() => {
    const map = document.querySelector('.js-plotly-plot');
    const {xaxis, yaxis} = map._fullLayout;
    const box = map.getBoundingClientRect();
    const points = map._fullData.flatMap(trace => Array.from(trace.x, (x, place) => ({
        user: trace.customdata[place], segment: trace.name,
        x: box.x + xaxis._offset + xaxis.c2p(x), y: box.y + yaxis._offset + yaxis.c2p(trace.y[place]),
    })));
    const room = one => Math.min(...points.filter(other => other !== one).map(
        other => Math.hypot(one.x - other.x, one.y - other.y)));
    return points.map(one => [room(one), one]).sort((a, b) => b[0] - a[0])[0][1];
}"""
"""The point that lies most alone: a click between two may open either."""

FAINT_WORDS = """() => {
    const parse = colour => colour.match(/[\\d.]+/g).map(Number);
    const over = (top, under) => {
        const alpha = top[3] ?? 1;
        return [0, 1, 2].map(part => top[part] * alpha + under[part] * (1 - alpha));
    };
    const light = colour => {
        const parts = colour.map(part => part / 255);
        const [r, g, b] = parts.map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    const main = document.querySelector('[data-testid=stMain]');
    const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !element.checkVisibility({opacityProperty: true})) continue;
        if (element.closest('script, style, svg, canvas, [data-testid=stIconMaterial], [aria-hidden=true]')) continue;
        let opacity = 1;
        const behind = [];
        for (let one = element; one; one = one.parentElement) {
            const style = getComputedStyle(one);
            opacity *= Number(style.opacity);
            behind.push(parse(style.backgroundColor));
        }
        const ground = behind.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
        const colour = parse(getComputedStyle(element).color);
        const ink = over([...colour.slice(0, 3), (colour[3] ?? 1) * opacity], ground);
        const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < 4.5) found.push(`${walker.currentNode.data.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
    }
    return found;
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def served(browser, _planted, tmp_path_factory):
    """A home with two refreshes and a segment whose name is an attack, and the address of its dashboard."""
    home = add_second_month(published_only(_planted, tmp_path_factory.mktemp("served") / "home"))
    quoted = HOSTILE.replace("'", "''")
    smallest = "(SELECT cluster_id FROM clusters ORDER BY user_count, cluster_id LIMIT 1)"
    alter(
        home,
        f"UPDATE segment_advice SET persona_name = '{quoted}' WHERE cluster_id = {smallest}",
        f"UPDATE clusters SET label = '{quoted}' WHERE cluster_id = {smallest}",
    )
    with dashboard_server(home) as address:
        yield home, address


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport=WIDE, locale="en-GB", color_scheme="light")
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    opened.elsewhere = []
    opened.on(
        "request",
        lambda request: (
            request.url.startswith(("http://127.0.0.1:", "data:", "blob:", "ws://127.0.0.1:"))
            or opened.elsewhere.append(request.url)
        ),
    )
    yield opened
    context.close()


def faint_words(page):
    """Return words too faint to read, once what was shown before has faded out."""
    for _ in range(10):
        if not (found := page.evaluate(FAINT_WORDS)):
            break
        page.wait_for_timeout(300)
    return found


@pytest.mark.parametrize("name", [*PAGES, *HOME_PAGES])
def test_a_page_is_whole_wide_and_narrow_light_and_dark_and_asks_nobody_else(served, page, name):
    show(page, f"{served[1]}/{name}")
    assert page.inner_text("h1") == load_texts("en")(f"page.{name}")
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        for scheme, ground in (("light", "rgb(255, 255, 255)"), ("dark", None)):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(300)
            settle(page)
            where = f"{name} {viewport['width']} {scheme}"
            assert page.locator(FAULTS).count() == 0, where
            found = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
            assert (found == ground) == (scheme == "light"), where
            assert faint_words(page) == [], where
            excess = "document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth"
            assert page.evaluate(excess) <= 0, f"{where} scrolls sideways"
    assert page.evaluate("window.broken") is None
    assert page.elsewhere == []


def test_a_click_on_a_point_opens_the_card_of_its_user_and_segment(served, page):
    show(page, f"{served[1]}/map")
    page.wait_for_selector(".gl-container canvas")
    point = page.evaluate(POINT)
    page.mouse.move(point["x"] - 3, point["y"])
    page.mouse.click(point["x"], point["y"])
    page.wait_for_selector(f"[data-testid=stMain] code:text-is('{point['user']}')")
    with client.open(served[0]).snapshot() as snapshot:
        name = snapshot.display_names()[
            maps.user_on_map(snapshot.connection, snapshot.month(), point["user"]).cluster_id
        ]
    page.wait_for_selector("[data-testid=stMain] h3")
    assert page.inner_text("[data-testid=stMain] h3") == " ".join(name.split())
    assert "After the landmark" in page.inner_text("[data-testid=stMain]")


def test_a_lasso_around_all_points_sums_them_up(served, page):
    show(page, f"{served[1]}/map")
    page.wait_for_selector(".gl-container canvas")
    page.locator("[data-title='Lasso Select']").click()
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    at_risk = client.open(served[0]).refreshes()[-1].at_risk_count
    page.wait_for_selector(f"text={at_risk} users in the selection")


def test_an_experiment_added_on_the_page_is_a_row_of_the_state(served, page):
    home, address = served
    show(page, f"{address}/experiments")
    add = unfold(page, "Add to roadmap")
    add.get_by_label("Owner").fill("Ada")
    add.get_by_role("button", name="Add to roadmap").click()
    page.wait_for_selector("text=On the roadmap as number 1")
    with contextlib.closing(sqlite3.connect(home.state_file)) as state:
        rows = state.execute(
            "SELECT entry_id, recommendation_id, owner, status FROM roadmap_entries JOIN roadmap_edits USING (entry_id)"
        ).fetchall()
    [(number, recommendation_id, owner, status)] = rows
    assert (number, owner, status) == (1, "Ada", "planned")
    assert recommendation_id in {one.recommendation_id for one in client.open(home).recommendations(kind="experiment")}


def test_a_segment_picked_by_keyboard_opens_the_same_card(served, page):
    show(page, f"{served[1]}/map")
    first = min(client.open(served[0]).segments(), key=lambda segment: segment.cluster_id)
    page.get_by_label("Segment", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=stMain] h3")
    assert page.inner_text("[data-testid=stMain] h3").strip() == " ".join(first.display_name.split())


def test_the_language_of_the_browser_is_spoken_and_a_choice_outlives_the_page(served, browser):
    context = browser.new_context(viewport=WIDE, locale="tr-TR")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    show(page, served[1])
    assert page.inner_text("h1") == load_texts("tr")("page.overview")
    page.get_by_label("Dil", exact=True).focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Overview')")
    page.get_by_role("link", name="Moves").click()
    page.wait_for_selector("h1:has-text('Moves')")
    page.wait_for_url("**/moves?language=en")
    page.reload()
    page.wait_for_selector("h1:has-text('Moves')")
    context.close()


def test_a_home_without_a_refresh_says_what_to_do_on_every_page(page, tmp_path):
    home = create_home(tmp_path / "empty")
    with dashboard_server(home) as address:
        show_every_page(page, address)
        show(page, address)
        assert "Nothing is published yet" in page.inner_text("[data-testid=stMain]")
        page.get_by_role("link", name="Add data").last.click()
        page.wait_for_selector("h1:has-text('Add data')")


def test_every_page_is_shown_of_a_real_log_of_loan_offers(page, shared_data, tmp_path):
    home = make_loan_home(tmp_path / "loans", shared_data / "events" / "loan_offers.csv.gz")
    outcome = refresh_in_process(home, LOAN_MONTH)
    assert outcome.is_success, outcome.problem
    with dashboard_server(home) as address:
        show_every_page(page, address)
        show(page, address)
        assert "January 2012" in page.inner_text("[data-testid=stMain]")
