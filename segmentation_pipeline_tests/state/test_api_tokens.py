"""Tokens: shown once, kept as hashes, named, revoked for good."""

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.state.api_tokens import create_token, hash_of, revoke_token, tokens
from segmentation_pipeline.state.database import open_state


@pytest.fixture
def state(tmp_path):
    return open_state(Home(tmp_path), Settings())


def test_a_token_is_kept_as_a_hash_alone_and_no_two_are_the_same(state, tmp_path):
    with state.write() as connection:
        first, stored = create_token(connection, " the  dashboard ", "read", created_by="ada")
        second, _ = create_token(connection, "another", "write", created_by="ada")
    assert first != second
    assert first.startswith("segpipe_")
    assert (stored.name, stored.may_write, stored.token_hash) == ("the dashboard", False, hash_of(first))
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert first.encode() not in kept
    assert first.removeprefix("segpipe_").encode() not in kept
    with state.read() as connection:
        assert [known.may_write for known in tokens(connection)] == [False, True]


def test_a_revoked_token_stays_in_the_list_and_frees_its_name(state):
    with state.write() as connection:
        _, first = create_token(connection, "job", "write", created_by="ada")
        revoke_token(connection, "job")
        _, second = create_token(connection, "job", "write", created_by="ada")
        assert [known.revoked_at is None for known in tokens(connection)] == [False, True]
        with pytest.raises(NotFound, match=rf"choose one of {second.token_id} \(job\)"):
            revoke_token(connection, first.token_id)
        assert revoke_token(connection, second.token_id) == second


@pytest.mark.parametrize(
    ("name", "scope", "told"),
    [
        ("", "read", "needs a name"),
        ("x" * 201, "read", "needs a name"),
        ("a", "admin", "read, write"),
        ("job", "read", "another name"),
    ],
)
def test_a_token_that_cannot_be_is_refused(state, name, scope, told):
    with state.write() as connection:
        create_token(connection, "job", "read", created_by="ada")
        with pytest.raises(EditRefused, match=told):
            create_token(connection, name, scope, created_by="ada")
        assert len(tokens(connection)) == 1
