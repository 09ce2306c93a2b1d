"""Find a port that nothing listens on."""

import random
import socket

# Below the ports that Linux (from 32768) and macOS (from 49152) give to outgoing connections: one
# of those could take the port between this look and the moment our server listens.
_FIRST, _LAST = 15_000, 32_000


def find_free_port() -> int:
    """Return a port of the loopback address on which no program listens at the moment.

    Raises `OSError` if a hundred ports in a row are in use.
    """
    for _ in range(100):
        port = random.randint(_FIRST, _LAST)  # noqa: S311 - not a secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"A hundred ports between {_FIRST} and {_LAST} are in use.")
