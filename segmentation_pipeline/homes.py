"""Making and preparing a home: its folders, its settings file, its Dagster folder, files brought into landing.

Add here: what a home must have before a run. Keep out: reading settings (config.py) and runs (orchestration).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import tomlkit

from segmentation_pipeline.config import HOME_VARIABLE, SETTINGS_FILE, Home, read_settings
from segmentation_pipeline.errors import HomeError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEMPLATES = "segmentation_pipeline.templates"


def create_home(root: Path) -> Home:
    """Make a new home with an explained `pipeline.toml`.

    Raises:
        HomeError: the folder is a home already, or holds other files.
    """
    home = Home(root.expanduser().resolve())
    if home.settings_file.exists():
        raise HomeError(f"{home.root} is a home already; it was left as it is. Next: `segpipe run --home {root}`.")
    if home.root.exists() and (not home.root.is_dir() or any(home.root.iterdir())):
        raise HomeError(f"{home.root} is not an empty folder. Next: name a new folder for the home.")
    home.landing.mkdir(parents=True)
    home.settings_file.write_text(_template(SETTINGS_FILE), encoding="utf-8")
    prepare_home(home)
    return home


def prepare_home(home: Home) -> None:
    """Make what a run needs beside settings and landing; safe to repeat."""
    for folder in (home.landing, home.warehouse_file.parent, home.published, home.dagster):
        folder.mkdir(parents=True, exist_ok=True)
    instance_settings = home.dagster / "dagster.yaml"
    if not instance_settings.exists():
        instance_settings.write_text(_template("dagster.yaml"), encoding="utf-8")


def use_home(home: Home, environment: dict[str, str] | None = None) -> None:
    """Point this process and its children at the home: SEGPIPE_HOME, DAGSTER_HOME, no telemetry."""
    variables = {
        HOME_VARIABLE: str(home.root),
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DO_NOT_TRACK": "1",
    }
    (os.environ if environment is None else environment).update(variables)


def bring_events(home: Home, paths: Sequence[Path], *, is_sample: bool) -> list[Path]:
    """Copy event files into landing, each whole or not at all; return where they are now.

    Raises:
        HomeError: the home is the sample, or a path does not exist (nor any that matches it as a pattern).
    """
    return bring_files(home, paths, is_sample=is_sample, option="--events")


def bring_files(
    home: Home, paths: Sequence[Path], *, is_sample: bool, option: str, folder: str | None = None
) -> list[Path]:
    """Copy files into a folder of landing (None: landing itself), each whole or not at all; return where they are now.

    `option`: of the command line that named them, for messages.

    Raises:
        HomeError: the home is the sample, or a path does not exist (nor any that matches it as a pattern).
    """
    if paths and is_sample:
        raise HomeError(
            f"{home.root} is the sample home; your own data does not go into it. "
            f"Next: `segpipe init MY_HOME`, then `segpipe run --home MY_HOME {option} ...`."
        )
    return _brought(home, paths, home.landing / folder if folder else home.landing, option)


def bring_leads(home: Home, paths: Sequence[Path], *, is_sample: bool) -> list[Path]:
    """Copy files of leads into landing/leads, each whole or not at all; return where they are now.

    Raises:
        HomeError: the home is the sample, or a path does not exist (nor any that matches it as a pattern).
    """
    return bring_files(home, paths, is_sample=is_sample, option="--leads", folder="leads")


def _brought(home: Home, paths: Sequence[Path], folder: Path, option: str) -> list[Path]:
    brought = []
    for path in _expanded(paths, option):
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        brought += [_bring(home, file, folder / file.relative_to(path.parent)) for file in files]
    return brought


def _expanded(paths: Sequence[Path], option: str) -> list[Path]:
    """Return the paths with patterns the shell left alone (quoted, or on a shell without them) filled in."""
    found: list[Path] = []
    for path in paths:
        matching = [path] if path.exists() else sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        if not matching:
            raise HomeError(f"{path} does not exist. Next: check the path given to {option}.")
        found += matching
    return found


def write_measured(home: Home, measured: Mapping[str, object], figures: Sequence[str]) -> None:
    """Write top-level keys into `pipeline.toml` with the figures they rest on; comments and order stay."""
    document = tomlkit.parse(home.settings_file.read_text(encoding="utf-8"))
    head = tomlkit.document()
    for line in figures:
        head.add(tomlkit.comment(line))
    for key, value in measured.items():
        document.pop(key, None)
        head.add(key, tomlkit.item(value))
    _write_settings(home, tomlkit.dumps(head).rstrip("\n") + "\n\n" + tomlkit.dumps(document).lstrip("\n"))


def write_input_columns(home: Home, columns: Mapping[str, Sequence[str]]) -> None:
    """Write which columns play which roles under [input.columns] of `pipeline.toml`; comments and order stay.

    No names: no column plays the role, whatever its name.

    Raises:
        SettingsError: they cannot be settings; the file is as it was.
    """
    document = tomlkit.parse(home.settings_file.read_text(encoding="utf-8"))
    section = document.setdefault("input", tomlkit.table()).setdefault("columns", tomlkit.table())
    for role, names in columns.items():
        section[role] = list(names) if len(names) > 1 else "".join(names)
    _write_settings(home, tomlkit.dumps(document))


def _write_settings(home: Home, text: str) -> None:
    """Put new settings in the place of the old ones, if they can be read."""
    partial = home.settings_file.with_suffix(".tmp")
    partial.write_text(text, encoding="utf-8")
    try:
        read_settings(partial)
    except SettingsError:
        partial.unlink()
        raise
    partial.replace(home.settings_file)


def _bring(home: Home, source: Path, target: Path) -> Path:
    if source.resolve().is_relative_to(home.landing):
        return source
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, made = tempfile.mkstemp(dir=target.parent, prefix=".brought-", suffix=".part")
        os.close(descriptor)
        partial = Path(made)
        try:
            shutil.copyfile(source, partial)
            partial.chmod(0o644)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise HomeError(
            f"{source} could not be copied to {target} ({error.strerror}). Next: make room or allow writing."
        ) from error
    return target


def _template(name: str) -> str:
    return (resources.files(TEMPLATES) / name).read_text(encoding="utf-8")
