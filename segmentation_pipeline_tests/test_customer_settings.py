"""Settings of customers say what is wrong with them, and everything that decides a result is in the version."""

from __future__ import annotations

import pytest

from segmentation_pipeline.config import read_settings
from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.errors import SettingsError


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('labels = "de"', 'allowed: "tr", "en", or a table'),
        ('[customers.labels]\nchurn = {lost = "x"}', "churn.lost is no value; allowed: active, cooling, at_risk"),
        ('[customers.labels]\nchurn = {active = "AtRisk"}', "two values of churn have one label"),
        ("[customers.thresholds]\nactive_days = 90", "active_days <= risk_days"),
        ("[customers.thresholds]\nfocus = 1", "no such key"),
        ('[[customers.strategies]]\nstrategy = "X"\nchurn = "gone"', "churn has no value gone"),
        ('[[customers.strategies]]\nstrategy = "X"\nchurn = "active"', "last entry has no condition"),
        ('[[customers.strategies]]\nstrategy = "X"\ndiscount_pct = 120', "discount_pct"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(tmp_path, written, told):
    file = tmp_path / "pipeline.toml"
    file.write_text(f"[customers]\n{written}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        read_settings(file)
    assert told in str(error.value)


def test_the_version_changes_with_what_decides_a_result_and_with_nothing_else():
    plain = CustomerSettings()
    others = [
        CustomerSettings(labels="en"),
        CustomerSettings.model_validate({"thresholds": {"risk_days": 61}}),
        CustomerSettings.model_validate({"strategies": [{"strategy": "GROW"}]}),
        CustomerSettings(trend_days=30),
    ]
    assert len({settings.rule_version for settings in (plain, *others)}) == 5
    assert CustomerSettings.model_validate({"columns": {"age": "yas"}}).rule_version == plain.rule_version
