"""Connects to a Temporal server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RetryConfig, TLSConfig
from theseus_guard.completion import run_in_thread

from bot.domain.errors import ConfigError
from bot.domain.queued_work import WorkUnavailable

_CONNECT_SECONDS = 10.0
# A call to a server that is away takes 10 s by default, while this machine could do the work.
_RETRIES = RetryConfig(max_interval_millis=1_000, max_elapsed_time_millis=3_000)
Connect = Callable[[], Awaitable[Client]]


@dataclass(frozen=True)
class TemporalConnection:
    """Where the server is, and how it is reached.

    `certificate` and `key` are files of a client certificate; `authority` is the file of the
    certificates that the server's must be issued by. With any of them, or an `api_key`, the
    connection is encrypted.
    """

    address: str
    namespace: str = "default"
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    api_key: str | None = field(default=None, repr=False)
    is_encrypted: bool = False


async def connect(to: TemporalConnection) -> Client:
    """Return a connected client. Raises `ConfigError` for files, `WorkUnavailable` otherwise."""
    return await (await load_connection(to))()


async def load_connection(to: TemporalConnection) -> Connect:
    """Return a function that connects, after reading the files. Raises `ConfigError` for them.

    The function raises `WorkUnavailable` only.
    """
    if (to.certificate is None) != (to.key is None):
        raise ConfigError("work.certificate and work.key belong together: set both or neither.")
    authority, certificate, key = [
        await run_in_thread(_read, file) for file in (to.authority, to.certificate, to.key)
    ]
    encrypted = to.is_encrypted or any((authority, certificate, to.api_key))
    tls = TLSConfig(server_root_ca_cert=authority, client_cert=certificate, client_private_key=key)

    async def connect_once() -> Client:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await Client.connect(
                    to.address,
                    namespace=to.namespace,
                    api_key=to.api_key,
                    tls=tls if encrypted else False,
                    retry_config=_RETRIES,
                )
        except (RuntimeError, ValueError, TimeoutError) as error:
            raise WorkUnavailable(
                f"the Temporal server at {to.address} cannot be reached; check that it runs, and "
                "work.address and the TLS settings",
                detail=str(error),
            ) from error

    return connect_once


def _read(file: Path | None) -> bytes | None:
    try:
        return file.read_bytes() if file is not None else None
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror or error}") from error
