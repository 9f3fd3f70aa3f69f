"""Prompt files: versioned, in two parts, with slots that data cannot add to."""

import sys

import pytest

from segmentation_pipeline.llm.prompts import Template, load_template

ADVICE = "# system\nYou advise on $product.\n# user\nActions:\n$actions\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "stage_with_prompts"
    (folder / "prompts").mkdir(parents=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "prompts" / "advice.v1.md").write_text(ADVICE, encoding="utf-8")
    (folder / "prompts" / "half.v1.md").write_text("# system\nno question", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    sys.modules.pop(folder.name, None)


def test_a_file_becomes_two_parts_with_their_slots_filled(package):
    prompt = load_template(package, "advice.v1").fill({"product": "maps", "actions": "open"})
    assert (prompt.name, prompt.system, prompt.user) == ("advice.v1", "You advise on maps.", "Actions:\nopen")


def test_data_that_looks_like_a_slot_stays_data(package):
    prompt = load_template(package, "advice.v1").fill({"product": "maps", "actions": "$product ${product} $$"})
    assert prompt.user == "Actions:\n$product ${product} $$"


def test_a_broken_surrogate_does_not_break_the_request():
    Template("x.v1", "s", "$text").fill({"text": "a\ud800b"}).user.encode("utf-8")


@pytest.mark.parametrize("slots", [{"product": "maps"}, {"product": "m", "actions": "a", "more": "b"}], ids=str)
def test_a_slot_too_few_or_too_many_is_a_defect_told_by_name(package, slots):
    with pytest.raises(ValueError, match=r"advice\.v1.*(actions|more)"):
        load_template(package, "advice.v1").fill(slots)


@pytest.mark.parametrize(("name", "told"), [("advice", "advice.v1"), ("half.v1", "# user")])
def test_a_file_without_version_or_part_is_told(package, name, told):
    with pytest.raises(ValueError, match=told):
        load_template(package, name)


def test_the_hash_is_of_the_whole_prompt():
    template = Template("x.v1", "s $a", "u")
    assert template.fill({"a": "1"}).sha256 == template.fill({"a": "1"}).sha256 != template.fill({"a": "2"}).sha256
