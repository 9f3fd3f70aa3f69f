"""The `[llm]` section: four forms of provider, limits that fit together, and no key shown by any error."""

import pytest

from segmentation_pipeline.config import read_settings
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.llm_settings import ProviderName, read_provider

SECRET = "sk-live-0123456789abcdef"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("rules", ProviderName("rules")),
        ("openai:gpt-4.1", ProviderName("openai", "gpt-4.1")),
        ("anthropic:claude-sonnet-4-20250514", ProviderName("anthropic", "claude-sonnet-4-20250514")),
        (
            "openai-compatible:qwen3:8b@http://127.0.0.1:11434/v1/",
            ProviderName("openai-compatible", "qwen3:8b", "http://127.0.0.1:11434/v1"),
        ),
        (
            "openai-compatible:org/model@v2@https://host.example/v1",
            ProviderName("openai-compatible", "org/model@v2", "https://host.example/v1"),
        ),
        (
            "anthropic:claude@https://gateway.example",
            ProviderName("anthropic", "claude", "https://gateway.example"),
        ),
    ],
)
def test_each_form_of_provider_is_taken_apart(written, read):
    assert read_provider(written) == read


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('provider = "gpt-4.1"', ["llm.provider", "openai:MODEL"]),
        ('provider = "openai:"', ["llm.provider", "not a model's name"]),
        ('provider = "openai-compatible:qwen"', ["llm.provider", "needs its address"]),
        ('provider = "openai-compatible:qwen@http://"', ["llm.provider", "not an address"]),
        ('provider = "openai-compatible:qwen@http://[::1/v1"', ["llm.provider", "not an address"]),
        ('provider = "openai:gpt@https://elsewhere"', ["llm.provider", "openai-compatible:MODEL@URL"]),
        ('provider = "anthropic:claude@http://far.example"', ["llm.provider", "not encrypted"]),
        (f'provider = "openai-compatible:q@https://u:{SECRET}@h/v1"', ["llm.provider", "environment"]),
        (f'provider = "openai-compatible:q@https://h/v1?key={SECRET}"', ["llm.provider", "environment"]),
        (f'provider = "{SECRET}"', ["llm.provider", "openai:MODEL"]),
        (f'key_variable = "{SECRET}"', ["llm.key_variable", "never the key itself"]),
        (f'api_key = "{SECRET}"', ["llm.api_key", "no such key", "key_variable"]),
        ('provider = "openai:gpt-4.1"\nkey_variable = "MY_KEY"', ["key_variable is for openai-compatible"]),
        ("timeout_s = 90", ["timeout_s = 90 is longer than outage_s = 60"]),
        ("max_concurrency = 0", ["llm.max_concurrency", "found 0"]),
        ("budget_usd = -1", ["llm.budget_usd", "found -1"]),
        ('locale = "de"', ["llm.locale", "'en' or 'tr'"]),
        ("assignment_batch = 31", ["llm.assignment_batch", "30"]),
    ],
)
def test_a_wrong_entry_says_what_is_allowed_and_never_shows_a_key(tmp_path, text, told):
    (tmp_path / "pipeline.toml").write_text(f"[llm]\n{text}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        read_settings(tmp_path / "pipeline.toml")
    for part in told:
        assert part in str(error.value)
    assert SECRET not in str(error.value)
