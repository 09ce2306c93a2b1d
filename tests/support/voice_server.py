"""A server of this machine with OpenAI's interface for transcriptions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import BodyPartReader, web


class VoiceServer:
    """Answers each recording in `words` with its text, by its content; others are refused.

    Set `status` to answer that instead, with `headers`. `forms` and `keys` are what was sent.
    """

    def __init__(self) -> None:
        self.url = ""
        self.words: dict[bytes, str] = {}
        self.extra: dict[str, Any] = {}
        self.status = 200
        self.headers: dict[str, str] = {}
        self.forms: list[dict[str, bytes]] = []
        self.file_names: list[str] = []
        self.keys: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one upload."""
        form = await self._read(request)
        self.forms.append(form)
        self.keys.append(request.headers.get("Authorization", ""))
        status = self.status if form["file"] in self.words else 400
        if status != 200:
            error = {"error": {"message": "theseus, ship it"}}
            return web.json_response(error, status=status, headers=self.headers)
        return web.json_response({"text": self.words[form["file"]], **self.extra})

    async def _read(self, request: web.Request) -> dict[str, bytes]:
        form = {}
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            assert part.name
            form[part.name] = bytes(await part.read())
            self.file_names += [part.filename] if part.filename else []
        return form


@asynccontextmanager
async def open_voice_server() -> AsyncIterator[VoiceServer]:
    """Serve until the block ends."""
    server, app = VoiceServer(), web.Application()
    app.router.add_post("/v1/audio/transcriptions", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}/v1"
        yield server
    finally:
        await runner.cleanup()
