"""The demo's page to break the bot's core, and to take that back.

Its form bears the token of the page of the local Discord, which other accounts do not get.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from local_discord.server import LocalDiscord

from bot.demo.core_break import CoreBreak
from bot.domain.errors import ConfigError
from bot.infra.html_templates import Templates, Verbatim

PATH = "/forge/core"
_MOST_BYTES = 4_000
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Without a referrer a browser sends `Origin: null` with the form, which the server refuses.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(eq=False)
class CorePage:
    """Shows the page, and does what its form says. `discord` is set before it serves."""

    core: CoreBreak
    discord: LocalDiscord | None = None

    def __post_init__(self) -> None:
        self._templates = Templates(Path(__file__).parent / "templates")

    def list_routes(self) -> Sequence[web.RouteDef]:
        """Return the routes of the page."""
        return [web.get(PATH, self.show), web.post(PATH, self.act)]

    async def show(self, request: web.Request) -> web.Response:
        """Show what can be done now."""
        return await self._render(request)

    async def act(self, request: web.Request) -> web.Response:
        """Deploy the broken commit, or its revert."""
        if self.discord is None or (request.content_length or 0) > _MOST_BYTES:
            return await self._render(request, 400, "Send the form of this page.")
        sent = await request.post()
        if not self.discord.page_token.is_right(str(sent.get("page_token", ""))):
            return await self._render(request, 403, "Load this page again, and use its form.")
        acts = {"deploy": self.core.deploy, "revert": self.core.revert}
        act = acts.get(str(sent.get("act", "")))
        if act is None:
            return await self._render(request, 400, "Choose one of the buttons.")
        try:
            await act()
        except ConfigError as error:
            return await self._render(request, 409, str(error))
        return web.Response(status=303, headers={"Location": PATH, **_HEADERS})

    async def _render(
        self, request: web.Request, status: int = 200, refusal: str = ""
    ) -> web.Response:
        token = self.discord.page_token.get(request) if self.discord is not None else ""
        values = {
            "title": "Break the core",
            "commit": self.core.commit[:7],
            "refusal": refusal,
            "token": Verbatim(token),
            "path": PATH,
        }
        text = await asyncio.to_thread(self._templates.render, "core.html", values)
        return web.Response(text=text, content_type="text/html", status=status, headers=_HEADERS)
