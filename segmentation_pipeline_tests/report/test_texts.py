"""The report's words: the same keys and slots in both languages, each of them used."""

import re
import string
from pathlib import Path

from segmentation_pipeline import report
from segmentation_pipeline.wording import load_texts

ENGLISH, TURKISH = (load_texts("segmentation_pipeline.report", locale).entries for locale in ("en", "tr"))
OWN = re.findall(r"^\[(\w+)\]", (Path(report.__file__).parent / "texts" / "en.toml").read_text(), re.MULTILINE)
MODULES = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(report.__file__).parent.glob("*.py")))


def slots(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_slots():
    assert list(TURKISH) == list(ENGLISH)
    assert {key: slots(text) for key, text in TURKISH.items()} == {key: slots(text) for key, text in ENGLISH.items()}


def test_every_key_that_is_asked_for_is_there():
    asked = set(re.findall(r'texts\(\s*"([a-z_]+\.[a-z_]+)"', MODULES))
    assert len(asked) > 80
    assert asked - set(ENGLISH) == set()


def test_every_key_of_the_report_is_used():
    whole = set(re.findall(r'"([a-z_]+\.[a-z_]+)"', MODULES))
    begun = set(re.findall(r'texts\(\s*f"([a-z_]+)\.', MODULES)) | set(re.findall(r'choice\("([a-z_]+)"', MODULES))
    unused = [
        key for key in ENGLISH if key.split(".")[0] in OWN and key not in whole and key.split(".")[0] not in begun
    ]
    assert unused == []
