"""The routes for logins, by the token or through Discord, and for the list of sessions."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler
from cachetools import FIFOCache

from bot.domain.errors import ChatRejected
from bot.domain.people import Person
from bot.web._auth_middleware import LOGIN, AuthMiddleware
from bot.web._collaborators import WebServices
from bot.web._page_frame import PageFrame
from bot.web._readers import Readers, get_scheme
from bot.web._request_bodies import read_form
from bot.web._responses import Refused, resolve_login_target, see_other
from bot.web._rules import WebRules
from bot.web._sessions import SECONDS, Login, Sessions
from bot.web._token_auth import TokenAuth, compute_digest, is_same

_DISCORD = "/login/discord"
CALLBACK = "/login/discord/return"
_BEGUN_SECONDS = timedelta(minutes=10).total_seconds()
_MOST_BEGUN = 64


class _Begun(NamedTuple):
    """A login that was sent to Discord: the page wanted afterwards, and until when it counts."""

    wanted: str
    until: float


@dataclass(frozen=True, eq=False)
class LoginPages:
    """Begins and ends sessions."""

    services: WebServices
    rules: WebRules
    auth: AuthMiddleware
    token_auth: TokenAuth
    sessions: Sessions
    readers: Readers
    frame: PageFrame
    _begun: FIFOCache[bytes, _Begun] = field(
        default_factory=lambda: FIFOCache[bytes, _Begun](_MOST_BEGUN), init=False
    )

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {
            "login_form": self.show_form,
            "login": self.log_in,
            "ask_discord": self.ask_discord,
            "return_from_discord": self.return_from_discord,
            "logout": self.log_out,
            "sessions": self.show_sessions,
            "end_sessions": self.end_sessions,
        }

    async def show_form(self, request: web.Request) -> web.Response:
        """Show the ways to log in."""
        if not self.rules.has_logins:
            raise Refused(404, "login needs a token, and THESEUS_HTTP_TOKEN is not set.")
        return await self._show_form(resolve_login_target(request.query.get("next", "")))

    async def log_in(self, request: web.Request) -> web.Response:
        """Begin the operator's session if the token is right."""
        self.token_auth.guesses.check(request.remote)
        sent = await read_form(request)
        wanted = resolve_login_target(sent.get("next", ""))
        if not self.token_auth.is_valid(sent.get("token", ""), request.remote):
            return await self._show_form(wanted, wrong="That token is wrong.", status=403)
        return self._begin(request, see_other(wanted), None)

    async def log_out(self, request: web.Request) -> web.Response:
        """End the session."""
        await self.frame.read_own_form(request)
        self.sessions.end(request.cookies.get(self.auth.cookie))
        answer = see_other("/login" if self.rules.has_logins else "/")
        answer.del_cookie(self.auth.cookie, path="/")
        return answer

    # Through Discord
    async def ask_discord(self, request: web.Request) -> web.Response:
        """Send the browser to Discord, with a state that only this browser can bring back."""
        self.token_auth.guesses.check(request.remote)
        if self.services.logins is None:
            raise Refused(404, "people cannot log in through Discord here (docs/logins.md).")
        state = secrets.token_urlsafe(32)
        address = self.services.logins.provider.build_authorize_url(
            state, self._build_callback(request)
        )
        wanted = resolve_login_target(request.query.get("next", ""))
        until = self.services.clock.monotonic() + _BEGUN_SECONDS
        self._begun[compute_digest(state)] = _Begun(wanted, until)
        answer = web.Response(status=303, headers={"Location": address})
        # Lax: Discord's page leads back here, and a strict cookie would not be sent then.
        self._set_cookie(request, answer, self._state_cookie, state, "Lax", _BEGUN_SECONDS)
        return answer

    async def return_from_discord(self, request: web.Request) -> web.Response:
        """Begin the session of the person whom Discord names.

        A page leads on instead of a redirect: a strict cookie is sent only from our own page.
        """
        begun, logins = self._take_begun(request), self.services.logins
        if logins is None:
            raise Refused(404)
        try:
            person_id = await logins.provider.fetch_person_id(
                request.query.get("code", "")[:200], self._build_callback(request)
            )
        except ChatRejected as error:
            self.token_auth.guesses.count_failure(request.remote)
            raise Refused(403, str(error)) from error
        person = await self.readers.admit(person_id)
        values = {"name": person.name, "wanted": begun.wanted}
        page = await self.frame.pages.render("logged_in.html", "Logged in", values)
        page.del_cookie(self._state_cookie, path="/")
        return self._begin(request, page, person)

    def _take_begun(self, request: web.Request) -> _Begun:
        """Return the login that this browser began, once. Raises `Refused` (403)."""
        state = request.query.get("state", "")
        begun = self._begun.pop(compute_digest(state), None)
        own = is_same(state, request.cookies.get(self._state_cookie, ""))
        if begun is None or not own or begun.until <= self.services.clock.monotonic():
            raise Refused(403, "that login was not begun in this browser, or is old; log in again.")
        if "error" in request.query:
            raise Refused(403, "Discord says that you did not agree; nothing was read.")
        return begun

    # Sessions
    async def show_sessions(self, request: web.Request) -> web.Response:
        """Show the reader's own sessions; the operator sees all."""
        login: Login | None = request.get(LOGIN)
        listed = [e for e in self.sessions.list_logins() if login is None or _can_end(login, e)]
        own = login.number if login else ""
        return await self.frame.show(
            request, "sessions.html", "Sessions", here="/sessions", logins=listed, own=own
        )

    async def end_sessions(self, request: web.Request) -> web.Response:
        """End one session, or with `all` every one that the reader may end but their own."""
        sent, login = await self.frame.read_own_form(request), request[LOGIN]
        number = sent.get("number", "")
        ended = self.sessions.revoke(
            lambda each: (
                _can_end(login, each)
                and (each.number == number or (number == "all" and each.number != login.number))
            )
        )
        if not ended and number != "all":
            raise Refused(404, "that session has ended already.")
        return see_other("/sessions")

    async def _show_form(self, wanted: str, *, wrong: str = "", status: int = 200) -> web.Response:
        query = urlencode({"next": wanted})
        values = {
            "wrong": wrong,
            "next": wanted,
            "by_token": self.rules.token is not None,
            # A link: the content policy lets forms lead nowhere else, not by a redirect either.
            "by_discord": f"{_DISCORD}?{query}" if self.services.logins is not None else "",
        }
        return await self.frame.pages.render("login.html", "Log in", values, status=status)

    def _begin(
        self, request: web.Request, answer: web.Response, person: Person | None
    ) -> web.Response:
        """Begin a session. Its cookie is new: one that the browser sent is never adopted."""
        self.sessions.end(request.cookies.get(self.auth.cookie))
        cookie, _ = self.sessions.begin(person)
        self._set_cookie(request, answer, self.auth.cookie, cookie, "Strict", SECONDS)
        return answer

    def _set_cookie(
        self, request: web.Request, answer: web.Response, name: str, value: str,
        same_site: Literal["Strict", "Lax"], seconds: float,
    ) -> None:  # fmt: skip
        answer.set_cookie(
            name, value, max_age=int(seconds), path="/", httponly=True, samesite=same_site,
            secure=get_scheme(request) == "https",
        )  # fmt: skip

    @property
    def _state_cookie(self) -> str:
        return f"{self.auth.cookie}-login"

    def _build_callback(self, request: web.Request) -> str:
        """Return the address that Discord leads back to; it must be registered there."""
        own = self.rules.url.rstrip("/") or f"{get_scheme(request)}://{request.headers['Host']}"
        return own + CALLBACK


def _can_end(login: Login, other: Login) -> bool:
    return login.person_id is None or login.person_id == other.person_id
