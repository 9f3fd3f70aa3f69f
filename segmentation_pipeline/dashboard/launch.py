"""Starting the dashboard's server: on this machine only, without telemetry.

Add here: another setting of the server. Keep out: pages.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from segmentation_pipeline.config import Home

APP = Path(__file__).with_name("app.py")

UPLOAD_MB = 200
"""Largest upload: the browser sends it into the server's memory. Larger files are put into landing by hand."""

SERVER: dict[str, str] = {
    "server.address": "127.0.0.1",
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": str(UPLOAD_MB),
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": "false",
    "client.showErrorDetails": "none",
    "global.developmentMode": "false",
    "theme.light.primaryColor": "#0072B2",
    "theme.dark.primaryColor": "#56B4E9",
}
"""Settings of Streamlit; given on the command line, so that no file of the user's can turn telemetry on again."""


def command(port: int) -> list[str]:
    """Return the command that serves the dashboard at a port."""
    settings = [f"--{name}={value}" for name, value in SERVER.items()]
    return [sys.executable, "-m", "streamlit", "run", str(APP), f"--server.port={port}", *settings]


def refuse_taken_port(port: int) -> None:
    """Make sure that the port can be served.

    Raises:
        SettingsError: another program serves it, or it may not be used.
    """
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((SERVER["server.address"], port))
        except OSError as problem:
            raise SettingsError(
                f"Port {port} of 127.0.0.1 cannot be served ({problem.strerror}). Next: give another --port."
            ) from problem


def environment(home: Home) -> dict[str, str]:
    """Return the environment the server runs in: it serves this home."""
    return {**os.environ, "SEGPIPE_HOME": str(home.root), "DO_NOT_TRACK": "1"}
