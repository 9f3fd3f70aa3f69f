"""`[activation]` and `[alerts]`: nothing is on by default, secrets are refused, and never shown."""

import pytest

from segmentation_pipeline.config import Home, Settings, read_settings
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.terminal.doctor import examine

MAIL = '[alerts.mail]\nhost = "{host}"\nsender = "a@x.org"\nto = "b@x.org"\nuser = "a"\nsecurity = "none"\n'


def settings_of(tmp_path, text):
    path = tmp_path / "pipeline.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def test_by_default_nothing_is_sent_anywhere():
    settings = Settings()
    assert (settings.activation.enabled, settings.activation.used, settings.alerts.is_used) == (False, (), False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[activation.posthog]\nhost = "http://posthog.example.org"\n', "not encrypted"),
        ('[activation.posthog]\nhost = "eu.i.posthog.com"\n', "http(s)://HOST"),
        ('[activation.posthog]\nexternal_id = "email"\n', '"metadata:FIELD"'),
        ('[activation.attio]\nobject = "people/records"\n', "not a slug"),
        ('[activation.delivery]\nfile = "../out.csv"\n', "under exports/"),
        ('[activation.delivery]\nfile = "landing/events.csv"\n', "under exports/"),
        ('[activation.delivery]\nfile = "exports/../landing/events.csv"\n', "under exports/"),
        ('[activation.delivery]\nfile = "ids.csv"\nexternal_id = "file:ids.csv"\n', "under exports/"),
        (
            '[activation.delivery]\nfile = "exports/x.csv"\n[activation.attio]\nexternal_id = "file:exports/./x.csv"\n',
            "the file of ids of attio",
        ),
        ('[activation.delivery]\nfile = "exports/out.csv"\nwebhook = "https://x.org"\n', "one of them"),
        ("[activation]\nsource = 'leads'\n", "clusters"),
        ('[alerts.mail]\nhost = "mail.example.org"\n', "sender and to"),
        (MAIL.format(host="mail.example.org"), "password would be readable"),
        ("[refresh]\nmax_unclassified_share = 0\n", "greater than 0"),
    ],
)
def test_a_wrong_entry_says_what_is_allowed(tmp_path, text, told):
    with pytest.raises(SettingsError) as error:
        settings_of(tmp_path, text)
    assert told in str(error.value)


def test_a_password_may_go_in_clear_to_a_server_on_this_machine(tmp_path):
    assert settings_of(tmp_path, MAIL.format(host="127.0.0.1")).alerts.mail.user == "a"


@pytest.mark.parametrize(
    "text",
    [
        '[activation.posthog]\nkey_variable = "phc-SECRET"\n',
        '[activation.posthog]\nhost = "https://me:SECRET@posthog.example.org"\n',
        '[activation.delivery]\nwebhook = "https://x.org/hook?token=SECRET"\n',
        '[alerts]\nwebhook = "https://x.org/hook?token=SECRET"\n',
        '[alerts.mail]\npassword_variable = "my SECRET"\n',
    ],
)
def test_a_secret_written_down_by_mistake_is_refused_and_not_shown(tmp_path, text):
    with pytest.raises(SettingsError) as error:
        settings_of(tmp_path, text)
    assert "SECRET" not in str(error.value)
    assert "environment" in str(error.value)


def test_the_doctor_tells_dry_runs_and_missing_keys(tmp_path, monkeypatch):
    monkeypatch.delenv("POSTHOG_PROJECT_API_KEY", raising=False)
    home = Home(tmp_path)
    section = '[activation]\nenabled = {}\n[activation.posthog]\nhost = "https://eu.i.posthog.com"\n'
    found = {}
    for enabled in ("false", "true"):
        home.settings_file.write_text(section.format(enabled))
        found[enabled] = next(finding for finding in examine(home) if finding.subject == "posthog")
    assert (found["false"].state, found["false"].found) == ("note", "PostHog at https://eu.i.posthog.com: dry run")
    assert found["true"].state == "wrong"
    assert "no POSTHOG_PROJECT_API_KEY" in found["true"].found
