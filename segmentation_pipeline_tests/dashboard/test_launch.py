"""The dashboard is served to this machine only, tells nobody, and says where it is."""

import os
import socket

import pytest
from typer.testing import CliRunner

from segmentation_pipeline import cli
from segmentation_pipeline.config import Home
from segmentation_pipeline.dashboard.launch import APP, command, environment, refuse_taken_port
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.homes import create_home
from segmentation_pipeline_tests.loopback import free_port


def test_the_server_listens_on_this_machine_and_sends_nothing_home(tmp_path):
    told = command(8123)
    assert APP.is_file()
    assert {
        "--server.address=127.0.0.1",
        "--server.port=8123",
        "--browser.gatherUsageStats=false",
        "--client.showErrorDetails=none",
        "--runner.magicEnabled=false",
    } <= set(told)
    home = Home(tmp_path)
    assert environment(home)["SEGPIPE_HOME"] == str(home.root)
    assert environment(home)["DO_NOT_TRACK"] == "1"


def test_a_port_in_use_is_told_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} of 127.0.0.1.*Next: give another --port"):
            refuse_taken_port(port)
    refuse_taken_port(port)


def test_the_command_says_the_address_and_becomes_the_server_of_the_home(tmp_path, monkeypatch):
    became = []
    monkeypatch.setattr(os, "execve", lambda program, told, environment: became.append((told, environment)))
    home = create_home(tmp_path / "home")
    port = free_port()
    done = CliRunner().invoke(cli.app, ["dashboard", "--home", str(home.root), "--port", str(port)])
    assert done.exit_code == 0, done.output
    assert f"http://127.0.0.1:{port}" in done.output
    [(told, given)] = became
    assert told == command(port)
    assert given["SEGPIPE_HOME"] == str(home.root)


def test_a_folder_that_is_no_home_is_told_plainly(tmp_path):
    done = CliRunner().invoke(cli.app, ["dashboard", "--home", str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert "is not a home" in done.output.replace("\n", " ")
