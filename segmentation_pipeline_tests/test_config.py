"""Settings: every wrong entry is named with what was found and what is allowed."""

from datetime import date
from pathlib import Path

import pytest

from segmentation_pipeline.config import SAMPLE_HOME, Home, Settings, find_home, read_settings
from segmentation_pipeline.errors import HomeError, SettingsError
from segmentation_pipeline.templates import __file__ as templates_file


def settings_of(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "pipeline.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def test_the_template_says_exactly_the_defaults():
    template = Path(templates_file).with_name("pipeline.toml")
    assert read_settings(template) == Settings()


def test_values_are_read_into_their_types(tmp_path):
    settings = settings_of(
        tmp_path,
        'first_month = "2026-02"\nclock = "entry"\nlead_in_hours = 6\n'
        '[roles]\nchurn = "drop_off"\n[input.columns]\naction = ["a", "b"]\n[time]\nentry_cohort_days = "all"\n',
    )
    assert settings.first_month == date(2026, 2, 1)
    assert settings.lead_in_s == 21_600
    assert settings.roles.churn == ("drop_off",)
    assert settings.input.columns.action == ("a", "b")
    assert settings.time.entry_cohort_days == "all"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sessions]\ngap = 3\n", ["sessions.gap", "no such key", "gap_minutes"]),
        ("[sessions]\ngap_minutes = -1\n", ["sessions.gap_minutes", "found -1", "greater than 0"]),
        ('[segments]\nmethod = "dbscan"\n', ["segments.method", "'dbscan'", "kmeans"]),
        ("[segments]\nk = 1\n", ["segments.k", "found 1", "from 2 to 26"]),
        ("[segments.parameters]\nmin_samples = 0\n", ["segments.parameters.min_samples", "found 0", "from 1 to 1000"]),
        ('[segments.parameters]\ncovariance = "full"\n', ["segments.parameters.covariance", "'full'", "tied"]),
        (
            '[segments]\nmethod = "kmeans"\n[segments.parameters]\ncovariance = "tied"\n',
            ["segments", "parameters.covariance belongs to gaussian_mixture", 'method = "gaussian_mixture"'],
        ),
        ('[time]\ntimezone = "Mars/Base"\n', ["time.timezone", "Mars/Base", "IANA"]),
        ('first_month = "2026-13"\n', ["first_month", "2026-13", "YYYY-MM"]),
        ('first_month = "soon"\n', ["first_month", "'soon'", "YYYY-MM"]),
        ('clock = "entry"\n', ["lead_in_hours", "segpipe configure"]),
        ('[roles]\nchurn = ["x"]\nend = ["x"]\n', ["roles", "x is given more than one"]),
        ("nonsense = 1\n", ["nonsense", "no such key", "first_month"]),
        ("[sessions\n", ["cannot be read as TOML"]),
    ],
)
def test_a_wrong_entry_names_the_key_what_was_found_and_what_is_allowed(tmp_path, text, told):
    with pytest.raises(SettingsError) as error:
        settings_of(tmp_path, text)
    for part in told:
        assert part in str(error.value)


def test_the_home_is_the_given_one_then_the_named_one_then_the_sample(tmp_path):
    named = {"SEGPIPE_HOME": str(tmp_path / "named")}
    assert find_home(tmp_path / "given", named).root == tmp_path / "given"
    assert find_home(None, named).root == tmp_path / "named"
    assert find_home(None, {}).root == SAMPLE_HOME


def test_a_folder_without_settings_is_not_a_home_and_says_how_to_make_one(tmp_path):
    with pytest.raises(HomeError, match="segpipe init"):
        Home(tmp_path).settings()
