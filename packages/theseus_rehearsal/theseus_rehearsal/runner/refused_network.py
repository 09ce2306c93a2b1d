"""Refuses the network, and notes who wanted which place. The script's own sockets are Unix ones."""

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

_SERVICES = {
    1433: "SQL Server",
    2333: "Lavalink",
    3306: "MySQL",
    5432: "PostgreSQL",
    5672: "RabbitMQ",
    6379: "Redis",
    27017: "MongoDB",
}
_BY_SOCKET = {".s.PGSQL": "PostgreSQL", "redis": "Redis", "mysql": "MySQL"}


class RefusedNetwork:
    """Makes connections and name look-ups fail as they do without a network.

    `on_request` receives each new place, as `PostgreSQL at localhost:5432`. `own_socket` is that of
    the replay's own database.
    """

    def __init__(self, on_request: Callable[[str], None], own_socket: str = "") -> None:
        self._on_request = on_request
        self._own_socket = own_socket
        self._services: list[str] = []

    def install(self) -> None:
        """Replace the functions of `socket`."""
        connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

        def connect_here(own: socket.socket, address: Any) -> None:
            if code := self._refuse(own, address):
                raise ConnectionRefusedError(code, os.strerror(code))
            connect(own, address)

        def connect_ex_here(own: socket.socket, address: Any) -> int:
            return self._refuse(own, address) or connect_ex(own, address)

        def find_address(host: Any, port: Any, *_rest: Any, **_options: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if name in (None, "", "localhost", "127.0.0.1", "0.0.0.0", "::", "::1"):  # noqa: S104
                kind, address = socket.SOCK_STREAM, ("127.0.0.1", int(port or 0))
                return [(socket.AF_INET, kind, socket.IPPROTO_TCP, "", address)]
            self._note(name, port)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        socket.socket.connect = connect_here  # type: ignore[assignment,method-assign]
        socket.socket.connect_ex = connect_ex_here  # type: ignore[assignment,method-assign]
        socket.getaddrinfo = find_address

    def explain(self, reason: str) -> str:
        """Return why the bot does not run: the service it wanted, if one was refused."""
        if not self._services:
            return reason
        return f"it needs {' and '.join(dict.fromkeys(self._services))}; without, {reason}"

    def _refuse(self, own: socket.socket, address: Any) -> int:
        """Return the error of a connection; 0 if it may be made."""
        if own.family in (socket.AF_INET, socket.AF_INET6):
            self._note(address[0], address[1])
            return errno.ECONNREFUSED
        for part, service in _BY_SOCKET.items():
            if part in str(address) and address != self._own_socket:
                self._add(f"{service} at {address}")
        return 0

    def _note(self, host: Any, port: Any) -> None:
        number = int(port) if str(port or "").isdecimal() else 0
        place = f"{host}:{port}" if port else str(host)
        self._add(f"{_SERVICES[number]} at {place}" if number in _SERVICES else place)

    def _add(self, place: str) -> None:
        self._on_request(place)
        self._services.append(place)
