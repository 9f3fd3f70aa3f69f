"""Pseudonyms: stable within a home, different between homes, and of no use without the key."""

import re

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.pseudonyms import pseudonym_key, pseudonyms


def key_of(root):
    root.mkdir(exist_ok=True)
    with open_state(Home(root), Settings()).write() as connection:
        return pseudonym_key(connection)


def test_the_key_of_a_home_is_made_once_and_is_nobody_elses(tmp_path):
    assert key_of(tmp_path / "one") == key_of(tmp_path / "one") != key_of(tmp_path / "two")
    assert len(key_of(tmp_path / "one")) == 32


def test_pseudonyms_tell_users_apart_and_nothing_of_them():
    users = ["ada@example.org", "ada@example.org ", "kurt", "\ud800", ""]
    names = pseudonyms(b"k" * 32, users)
    assert len(set(names)) == 5
    assert all(re.fullmatch(r"u[0-9a-f]{12}", name) for name in names)
    assert pseudonyms(b"k" * 32, ["kurt"]) == [names[2]]
    assert pseudonyms(b"l" * 32, ["kurt"]) != [names[2]]


def test_a_pseudonym_is_the_published_hmac():
    # RFC 4231, test case 2: key "Jefe", "what do ya want for nothing?" -> 5bdcc146bf60754e...
    assert pseudonyms(b"Jefe", ["what do ya want for nothing?"]) == ["u5bdcc146bf60"]
