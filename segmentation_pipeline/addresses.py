"""Addresses of servers and names of environment variables, as settings may hold them.

Add here: a rule about what may stand in an address. Keep out: asking any server, and keys themselves.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def checked_url(url: str, *, is_plain_allowed: bool) -> str:
    """Return an address without its last slash; plain http only to this machine, unless allowed elsewhere.

    Raises:
        ValueError: it is no address of a server, holds a secret, or would send a key readable for everyone.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or any(character.isspace() for character in url):
        raise ValueError("not an address of a server; allowed: http(s)://HOST[:PORT]/PATH")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            "not a plain address: user, password, query and fragment do not belong into it; "
            "allowed: a key in the environment, its variable named by key_variable"
        )
    if parts.scheme == "http" and not is_plain_allowed and not is_this_machine(host):
        raise ValueError("not encrypted: the key would be readable on the way; allowed: https://")
    return url.rstrip("/")


def is_this_machine(host: str) -> bool:
    """Tell whether a host's name or number is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def variable_name(name: str) -> str:
    """Return the name of an environment variable, or nothing.

    Raises:
        ValueError: no variable can be called so; most often the key itself was written down.
    """
    if name and not _VARIABLE.fullmatch(name):
        raise ValueError(
            "not the name of an environment variable (never the key itself); allowed: letters, digits and _"
        )
    return name
