"""The page of customers: one found by id, all of them spread out, and honest words where there is nothing."""

import pytest

from segmentation_pipeline.dashboard.screens import customers as page
from segmentation_pipeline_tests.client.trade_samples import make_leads_home, make_shop_home
from segmentation_pipeline_tests.dashboard.published_homes import HOSTILE, alter, opened, told

pytestmark = pytest.mark.xdist_group("dashboard")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return make_shop_home(tmp_path_factory.mktemp("shop") / "home")


def picker(app):
    return next(box for box in app.main.selectbox if box.label == "Customer")


def asked(home, monkeypatch, customer_id, **state):
    return opened(home, monkeypatch, "customers", customer=customer_id, **state)


def test_all_customers_are_spread_out_with_tiers_and_regions(shop, monkeypatch):
    app = opened(shop, monkeypatch, "customers")
    words = told(app)
    assert [metric.value for metric in app.metric] == ["4", "8", "1,200"]
    assert "50% · 2" in words
    assert "never bought yet" in words
    assert "60 days before" in words
    lifts, regions = (table.value for table in app.dataframe)
    assert list(lifts["In words"]) == ["more than others", "less than others", "tells nothing"]
    assert list(regions["Region"]) == ["All together", "North", "South"]
    assert picker(app).options == ["c2", "c1", "d<4>", "C3"]
    assert not app.exception


@pytest.mark.parametrize(
    ("language", "sentence", "discount"),
    [
        ("en", "first tea", "Recommended: RETENTION**, discount 20%"),
        ("tr", "ilki tea", "Öneri: RETENTION**, indirim %20"),
    ],
)
def test_a_customer_found_is_told_whole(shop, monkeypatch, language, sentence, discount):
    app = asked(shop, monkeypatch, "c2", language=language)
    assert not app.exception
    advised = app.info[0].value.replace("\\", "")
    assert sentence in advised
    assert discount in advised
    words = told(app)
    for label in ("Adult", "Risky", "HighValue", "Gold", "Food", "Focused", "Loyal", "Mild"):
        assert f">{label}</dd>" in words
    missing, top = (table.value for table in app.dataframe[:2])
    assert missing.iloc[0, -1] == 20
    assert list(top.iloc[0]) == ["tea", 300.25]


def test_who_never_bought_has_no_last_purchase_and_no_products(shop, monkeypatch):
    words = told(asked(shop, monkeypatch, "C3"))
    assert "999" not in words
    assert "No product is known." in words
    assert "Nothing bought regularly is overdue." in words
    assert "region not told" in words


def test_an_id_that_is_none_is_told_with_those_that_begin_alike(shop, monkeypatch):
    app = asked(shop, monkeypatch, "c")
    assert "There is no customer `c` in February 2026." in app.warning[0].value
    alike = [button for button in app.main.button if button.label in ("c1", "c2", "C3")]
    assert [button.label for button in alike] == ["c2", "c1", "C3"]
    assert not app.exception


def test_the_month_of_a_home_without_events_is_chosen_of_its_customers(shop, monkeypatch):
    app = opened(shop, monkeypatch, "customers")
    month = next(box for box in app.sidebar.selectbox if box.label == "Refresh")
    assert month.options == ["February 2026", "January 2026"]
    month.select_index(1).run()
    assert app.metric[0].value == "1"
    assert "too short to look back: tiers need 60 days" in told(app)
    assert not app.exception


def test_pages_about_events_say_that_there_are_none(shop, monkeypatch):
    for name in ("home", "segments", "experiments"):
        [message] = opened(shop, monkeypatch, name).info
        assert "No events yet" in message.value
        assert f"segpipe run --home {shop.root}" in message.value
    assert "All 0 checks passed" in told(opened(shop, monkeypatch, "quality"))


def test_a_home_without_purchases_says_how_to_bring_them(tmp_path, monkeypatch):
    home = make_leads_home(tmp_path / "home")
    [message] = opened(home, monkeypatch, "customers").info
    assert "No purchases yet" in message.value
    assert f"segpipe run --home {home.root} --purchases" in message.value


def test_a_month_without_customers_names_those_that_have_some(tmp_path, monkeypatch):
    from segmentation_pipeline_tests.client.published_samples import make_published_home
    from segmentation_pipeline_tests.dashboard.published_homes import alter as altered

    home = make_published_home(tmp_path / "home")
    other = make_shop_home(tmp_path / "shop")
    altered(
        home,
        f"ATTACH '{other.published_file.resolve()}' AS other (READ_ONLY)",
        "CREATE TABLE customer_segments AS FROM other.customer_segments WHERE refresh_month = DATE '2026-01-01'",
    )
    [message] = opened(home, monkeypatch, "customers").info
    assert "No customers in this month" in message.value
    assert "January 2026" in message.value


def test_hostile_words_of_purchases_are_shown_as_letters(tmp_path, monkeypatch):
    quoted = HOSTILE.replace("'", "''")
    home = alter(
        make_shop_home(tmp_path / "home"),
        f"UPDATE customer_segments SET churn = '{quoted}', affinity_category = '{quoted}', region = '{quoted}',"
        f" recommended_strategy = '{quoted}', customer_id = customer_id || '{quoted}'",
        f"UPDATE tier_backtests SET tier = '{quoted}'",
    )
    app = asked(home, monkeypatch, "c2" + HOSTILE)
    assert not app.exception
    words = told(app)
    assert "<script" not in words.replace("\\<script", "").replace("`", "")[words.index("Adult") :]
    assert "![](" not in "\n".join(line for line in words.splitlines() if "<d" not in line and "####" not in line)


def test_an_interval_that_holds_one_tells_nothing():
    from segmentation_pipeline.client import TierLift

    def lift(value, low, high):
        return TierLift("churn", "x", "repurchase", value, low, high, 60.0)

    assert page._meaning(lift(1.2, 1.0, 1.5)) == "tells_nothing"
    assert page._meaning(lift(1.2, 1.01, 1.5)) == "more"
    assert page._meaning(lift(0.5, 0.3, 0.99)) == "less"
