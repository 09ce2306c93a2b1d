"""What the demo needs of this machine, looked at before anything is copied."""

import os
import shutil
import socket
from collections.abc import Mapping

from bot.domain.errors import ConfigError


def check_prerequisites(port: int, variables: Mapping[str, str] = os.environ) -> None:
    """Return where the demo can be made here. Raises `ConfigError`: no git, or a busy port."""
    if shutil.which("git", path=variables.get("PATH", "")) is None:
        raise ConfigError("The demo needs the git program, and none is on PATH. Install git.")
    http_port = variables.get("THESEUS_HTTP_PORT", "")
    _check_free(port, "choose another with --port")
    if port and http_port == str(port):
        raise ConfigError(
            f"--port and THESEUS_HTTP_PORT are both {port}; give the page or the dashboard another."
        )
    if http_port.isdecimal():
        _check_free(int(http_port), "set THESEUS_HTTP_PORT to another, or to 0")


def _check_free(port: int, remedy: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()  # with SO_REUSEADDR alone, some systems let two bind
        except OSError as error:
            raise ConfigError(
                f"Port {port} cannot be used ({error.strerror}); {remedy}. Nothing was copied."
            ) from error
