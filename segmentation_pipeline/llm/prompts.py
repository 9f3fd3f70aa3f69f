"""Prompts as versioned files in the `prompts` folder of the stage that asks, filled with named slots.

Add here: another part of a prompt file. Keep out: prompts themselves; they lie beside the code that uses them.

A file `prompts/NAME.vN.md` has a part under `# system` and one under `# user`; slots are written `$name`. A change of
wording that may change answers gets a new N: the name is told in `llm_calls`.
"""

from __future__ import annotations

import hashlib
import re
import string
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[a-z0-9_]+\.v[0-9]+")
_PARTS = re.compile(r"\A# system\n(?P<system>.*?)\n# user\n(?P<user>.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Prompt:
    """What a model is asked: instructions, and the question with its data."""

    name: str
    system: str
    user: str

    @property
    def text(self) -> str:
        """Both parts as the audit keeps them."""
        return f"# system\n{self.system}\n# user\n{self.user}"

    @property
    def sha256(self) -> str:
        """Hash of both parts."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Template:
    """A prompt with its slots open."""

    name: str
    system: str
    user: str

    @property
    def slots(self) -> frozenset[str]:
        """Names of the slots of both parts."""
        return frozenset(string.Template(self.system).get_identifiers() + string.Template(self.user).get_identifiers())

    def fill(self, slots: Mapping[str, str]) -> Prompt:
        """Return the prompt. What stands in a slot is never read as a slot itself.

        Raises:
            ValueError: a slot of the file is not given, or one is given that the file does not have.
        """
        if self.slots != set(slots):
            missing, unknown = sorted(self.slots - set(slots)), sorted(set(slots) - self.slots)
            raise ValueError(f"prompt {self.name}: slots not given {missing}, slots it does not have {unknown}")
        whole = {name: text.encode("utf-8", "replace").decode("utf-8") for name, text in slots.items()}
        return Prompt(
            self.name,
            string.Template(self.system).substitute(whole).strip(),
            string.Template(self.user).substitute(whole).strip(),
        )


def load_template(package: str, name: str) -> Template:
    """Return the template `prompts/NAME.md` of a package, for example `load_template(__package__, "advice.v1")`.

    Raises:
        ValueError: the name has no version, or the file lacks one of its two parts.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"a prompt is named like advice.v1, not {name}")
    parts = _PARTS.match(files(package).joinpath("prompts", f"{name}.md").read_text(encoding="utf-8"))
    if parts is None:
        raise ValueError(f"prompt {name} of {package} needs a line `# system` at its top and a line `# user` below")
    return Template(name, parts["system"], parts["user"])
