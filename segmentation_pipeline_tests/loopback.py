"""Ports of this machine for servers of tests.

Add here: another thing a server on loopback needs. Keep out: the servers.
"""

import socket


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
