"""Sends and receives JSON lines over a Unix socket, without an event loop."""

import json
import socket
import threading
from pathlib import Path
from typing import Any


class LineSocket:
    """Connects to a socket; sending and receiving block."""

    def __init__(self, path: Path | str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb")
        self._one_at_a_time = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        """Send one object; lines of several threads never mix."""
        with self._one_at_a_time:
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any] | None:
        """Return the next object, or `None` if the other side has closed the socket."""
        line = self._file.readline()
        return dict(json.loads(line)) if line else None

    def close(self) -> None:
        """Close this end."""
        self._file.close()
        self._socket.close()
