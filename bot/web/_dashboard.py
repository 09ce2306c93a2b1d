"""The routes for login, logout and the emergency stop. (`_version_pages` rolls back texts.)"""

from dataclasses import dataclass

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


@dataclass(frozen=True, eq=False)
class Dashboard:
    """Login, the bot's own state, and the emergency stop."""

    services: WebServices
    rules: WebRules
    auth: AuthMiddleware
    token_auth: TokenAuth
    sessions: Sessions
    pages: Pages
    frame: PageFrame
    health_page: Health

    async def show_state(self, request: web.Request) -> web.Response:
        """Show the state of the bot itself."""
        about, reasons = await self.health_page.describe(), await self.health_page.find_problems()
        return await self.frame.show(
            request, "state.html", "State", here="/state", live=True, about=about, reasons=reasons,
            since=self.health_page.since, more=self.services.facts.more,
        )  # fmt: skip

    # Login
    async def show_login_form(self, request: web.Request) -> web.Response:
        """Show the form that asks for the token."""
        if self.rules.token is None:
            raise Refused(404, "login needs a token, and THESEUS_HTTP_TOKEN is not set.")
        wanted = resolve_login_target(request.query.get("next", ""))
        return await self.pages.render("login.html", "Log in", {"wrong": "", "next": wanted})

    async def log_in(self, request: web.Request) -> web.Response:
        """Begin a session if the token is right.

        The cookie is always new: a cookie that the browser sent is never adopted.
        """
        self.token_auth.guesses.check(request.remote)
        sent = await read_form(request)
        wanted = resolve_login_target(sent.get("next", ""))
        if not self.token_auth.is_valid(sent.get("token", ""), request.remote):
            shown = {"wrong": "That token is wrong.", "next": wanted}
            return await self.pages.render("login.html", "Log in", shown, status=403)
        self.sessions.end(request.cookies.get(self.auth.cookie))
        cookie, _ = self.sessions.begin()
        answer = see_other(wanted)
        answer.set_cookie(
            self.auth.cookie,
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
        await self.frame.read_own_form(request)
        self.sessions.end(request.cookies.get(self.auth.cookie))
        answer = see_other("/login")
        answer.del_cookie(self.auth.cookie, path="/")
        return answer

    # The emergency stop
    async def show_stop_form(self, request: web.Request) -> web.Response:
        """Show the form that stops everything."""
        can_log_in = self.rules.token is not None
        return await self.frame.show(
            request, "stop.html", "Stop everything", here="/stop", can_log_in=can_log_in
        )

    async def stop(self, request: web.Request) -> web.Response:
        """Activate the emergency stop. Only an approver can lift it, in chat."""
        sent = await self.frame.read_own_form(request)
        if sent.get("sure") != "yes":
            raise Refused(400, "tick the box to confirm.")
        if self.services.emergency is None:
            raise Refused(404)
        await self.services.emergency.stop(None, "page", sent.get("why", "")[:_WHY])
        return see_other("/stop")
