"""A socket file that leads to an address: what a confined program has instead of a network."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit


@asynccontextmanager
async def run_relay(base_url: str) -> AsyncGenerator[Path, None]:
    """Yield the file; whatever is said to it is said to `base_url`, byte for byte."""
    to = urlsplit(base_url)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(to.hostname, to.port)
        except OSError:
            writer.close()
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy_bytes(reader, back))
            group.create_task(_copy_bytes(there, writer))

    with tempfile.TemporaryDirectory(prefix="theseus-relay-") as folder:
        file = Path(folder) / "socket"
        server = await asyncio.start_unix_server(connect, file)
        try:
            yield file
        finally:
            server.close()


async def _copy_bytes(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while read := await source.read(65_536):
            sink.write(read)
            await sink.drain()
    with suppress(OSError):
        sink.close()
