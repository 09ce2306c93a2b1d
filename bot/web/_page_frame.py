"""The frame around every page of the dashboard, and the reading of its forms."""

from dataclasses import dataclass

from aiohttp import web

from bot.web._auth_middleware import LOGIN
from bot.web._collaborators import WebServices
from bot.web._pages import Pages
from bot.web._request_bodies import FORM_BYTES, read_form
from bot.web._responses import Refused
from bot.web._token_auth import is_same


@dataclass(frozen=True, eq=False)
class PageFrame:
    """Shows pages to admitted readers, with the active stop and the session's own form token."""

    services: WebServices
    pages: Pages

    async def show(
        self, request: web.Request, template: str, title: str, *, here: str, live: bool = False,
        **values: object,
    ) -> web.Response:  # fmt: skip
        """Return a page; `here` is the current entry of the navigation, `live` refreshes the
        page.
        """
        login = request.get(LOGIN)
        return await self.pages.render(
            template,
            title,
            {"now": self.services.clock.now(), **values},
            here=here,
            form=login.form if login is not None else None,
            reader=login.name if login is not None else "",
            can_log_in=self.services.logins is not None,
            stopped=await self._stop_text() or "",
            live=live,
        )

    async def read_own_form(self, request: web.Request, most: int = FORM_BYTES) -> dict[str, str]:
        """Return the fields of a form. Raises `Refused` if the session's form token is wrong."""
        sent, login = await read_form(request, most), request.get(LOGIN)
        if login is None or not is_same(sent.get("form", ""), login.form):
            raise Refused(403, "that form belongs to another session; load the page again.")
        return sent

    async def _stop_text(self) -> str | None:
        emergency = self.services.emergency
        stop = await emergency.get_stop() if emergency is not None else None
        return stop.summary.replace("**", "").replace("`", "") if stop is not None else None
