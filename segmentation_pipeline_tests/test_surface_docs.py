"""The pages for programmers: every example of docs/client.md and docs/api.md works, as it stands there."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from docs.__main__ import FOLDER
from segmentation_pipeline_tests.api.api_server import make_token, served
from segmentation_pipeline_tests.surfaces import published_only

ADDRESS = "http://127.0.0.1:8600"


def blocks(name, language):
    return re.findall(rf"```{language}\n(.*?)```", (FOLDER / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def home(_planted, tmp_path):
    return published_only(_planted, tmp_path / "my-home")


def run_python(text, folder):
    return subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=False)


def test_the_examples_of_the_client_work_one_after_the_other(home):
    done = run_python("\n".join(blocks("client.md", "python")), home.root.parent)
    assert done.returncode == 0, done.stderr
    assert "There is no refresh 2020-01" in done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which the examples call")
def test_the_examples_of_the_api_work_in_python_and_with_curl(home):
    token = make_token(home, "write", "writer")
    commands = [line[2:] for block in blocks("api.md", "console") for line in block.splitlines()]
    assert len(commands) == 7
    with served(home) as running:
        for command in commands:
            program, *arguments = shlex.split(command.replace(ADDRESS, running.address).replace("$TOKEN", token))
            if program == "segpipe":
                arguments = ["-m", "segmentation_pipeline.cli", *arguments, "--home", str(home.root)]
            else:
                arguments.insert(0, "--fail")
            done = subprocess.run(
                [sys.executable if program == "segpipe" else program, *arguments],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
            assert done.stdout, command
        (example,) = blocks("api.md", "python")
        done = run_python(f"TOKEN = {token!r}\n" + example.replace(ADDRESS, running.address), home.root)
        assert done.returncode == 0, done.stderr
        entries = running.ask("GET", "/v1/roadmap").body["entries"]
    assert [(entry["priority"], entry["owner"], entry["created_by"]) for entry in entries] == [(1, "Growth", "writer")]
