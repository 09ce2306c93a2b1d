"""The routes for login, logout and the emergency stop. (`_version_pages` rolls back texts.)"""

from aiohttp import web

from bot.web._auth_middleware import AuthMiddleware
from bot.web._collaborators import WebServices
from bot.web._health import Health
from bot.web._page_frame import PageFrame
from bot.web._pages import Pages
from bot.web._request_bodies import read_form
from bot.web._responses import Refused, resolve_login_target, see_other
from bot.web._rules import WebRules
from bot.web._sessions import SECONDS, Sessions
from bot.web._token_auth import TokenAuth

_WHY = 200


class Dashboard:
    """Login, the bot's own state, and the emergency stop."""

    def __init__(
        self,
        services: WebServices,
        rules: WebRules,
        auth: AuthMiddleware,
        token_auth: TokenAuth,
        sessions: Sessions,
        pages: Pages,
        frame: PageFrame,
        health_page: Health,
    ) -> None:
        self._services = services
        self._rules = rules
        self._auth = auth
        self._token_auth = token_auth
        self._sessions = sessions
        self._pages = pages
        self._frame = frame
        self._health_page = health_page

    async def show_state(self, request: web.Request) -> web.Response:
        """Show the state of the bot itself."""
        about, reasons = await self._health_page.describe(), await self._health_page.find_problems()
        return await self._frame.show(
            request, "state.html", "State", here="/state", live=True, about=about, reasons=reasons,
            since=self._health_page.since, more=self._services.facts.more,
        )  # fmt: skip

    # Login
    async def show_login_form(self, request: web.Request) -> web.Response:
        """Show the form that asks for the token."""
        if self._rules.token is None:
            raise Refused(404, "login needs a token, and THESEUS_HTTP_TOKEN is not set.")
        wanted = resolve_login_target(request.query.get("next", ""))
        return await self._pages.render("login.html", "Log in", {"wrong": "", "next": wanted})

    async def log_in(self, request: web.Request) -> web.Response:
        """Begin a session if the token is right.

        The cookie is always new: a cookie that the browser sent is never adopted.
        """
        self._token_auth.guesses.check(request.remote)
        sent = await read_form(request)
        wanted = resolve_login_target(sent.get("next", ""))
        if not self._token_auth.is_valid(sent.get("token", ""), request.remote):
            shown = {"wrong": "That token is wrong.", "next": wanted}
            return await self._pages.render("login.html", "Log in", shown, status=403)
        self._sessions.end(request.cookies.get(self._auth.cookie))
        cookie, _ = self._sessions.begin()
        answer = see_other(wanted)
        answer.set_cookie(
            self._auth.cookie,
            cookie,
            max_age=int(SECONDS),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.headers.get("X-Forwarded-Proto", "").lower() == "https",
        )
        return answer

    async def log_out(self, request: web.Request) -> web.Response:
        """End the session."""
        await self._frame.read_own_form(request)
        self._sessions.end(request.cookies.get(self._auth.cookie))
        answer = see_other("/login")
        answer.del_cookie(self._auth.cookie, path="/")
        return answer

    # The emergency stop
    async def show_stop_form(self, request: web.Request) -> web.Response:
        """Show the form that stops everything."""
        can_log_in = self._rules.token is not None
        return await self._frame.show(
            request, "stop.html", "Stop everything", here="/stop", can_log_in=can_log_in
        )

    async def stop(self, request: web.Request) -> web.Response:
        """Activate the emergency stop. Only an approver can lift it, in chat."""
        sent = await self._frame.read_own_form(request)
        if sent.get("sure") != "yes":
            raise Refused(400, "tick the box to confirm.")
        if self._services.emergency is None:
            raise Refused(404)
        await self._services.emergency.stop(None, "page", sent.get("why", "")[:_WHY])
        return see_other("/stop")
