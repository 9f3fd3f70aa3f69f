"""The documentation: generated pages are up to date, pictures are there, and every command shown works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.__main__ import FOLDER, pages
from segmentation_pipeline_tests.conftest import REPOSITORY
from segmentation_pipeline_tests.homes import make_planted_home

PAGES = [REPOSITORY / "README.md", *sorted(FOLDER.rglob("*.md"))]

RUN_ELSEWHERE = {"make run": "test_sample.py", "make test": "the command these tests are run by"}


def shell_commands(page: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("name", ["tables.md", "settings.md"])
def test_generated_pages_are_up_to_date(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "run `make docs` and commit what it wrote"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_a_page_exists(page):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_command_shown_works(tmp_path):
    source = make_planted_home(tmp_path / "source")  # segments large enough for advice
    (tmp_path / "events.csv").write_bytes((source.landing / "events.csv").read_bytes())
    for folder in ("purchases", "customers", "regions"):
        (tmp_path / f"{folder}.csv").write_bytes((source.landing / folder / f"{folder}.csv").read_bytes())
    commands = list(dict.fromkeys(command for page in PAGES for command in shell_commands(page)))
    assert "segpipe init my-home" in commands
    for command in commands:
        if command in RUN_ELSEWHERE:
            continue
        program, *arguments = command.split()
        assert program == "segpipe", f"no test runs `{command}`"
        done = subprocess.run(
            [sys.executable, "-m", "segmentation_pipeline.cli", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
