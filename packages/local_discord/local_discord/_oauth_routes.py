"""Logins of people at other applications with their account here: OAuth 2, authorization code.

Source: https://discord.com/developers/docs/topics/oauth2. There is one application, the bot's; it
may lead people back to any address of this machine.
"""

import hmac
import html
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from local_discord._page_token import PageToken
from local_discord.world import Refused, World

_SECONDS = 604_800
_SCOPE = "identify"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Log in · local Discord</title></head><body>
<h1>Log in</h1>
<p>{application} wants to know who you are. Choose whom you are:</p>
<form method="post" action="/oauth2/authorize">{fields}{people}</form>
</body></html>
"""


class _Code(NamedTuple):
    person_id: int
    redirect_uri: str


@dataclass(frozen=True, eq=False)
class OAuthRoutes:
    """Serves the page of consent and the exchange of codes. Codes count once."""

    world: World
    page_token: PageToken
    client_secret: str
    _codes: dict[str, _Code] = field(default_factory=dict, init=False)
    _tokens: dict[str, int] = field(default_factory=dict, init=False)

    async def show_consent(self, request: web.Request) -> web.Response:
        """Serve `GET /oauth2/authorize`: a button for each person."""
        asked = self._read_question(request.query)
        asked["page_token"] = self.page_token.get(request)
        fields = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in asked.items()
        )
        people = "".join(
            f'<p><button name="person" value="{html.escape(name)}">{html.escape(name)}</button></p>'
            for name in self.world.people
        )
        name = html.escape(self.world.bot.name)
        page = _PAGE.format(application=name, fields=fields, people=people)
        return web.Response(text=page, content_type="text/html")

    async def accept_consent(self, request: web.Request) -> web.Response:
        """Serve `POST /oauth2/authorize`: lead the chosen person back with a code."""
        sent = {name: str(value) for name, value in (await request.post()).items()}
        if not self.page_token.is_right(sent.get("page_token", "")):
            raise Refused(403, "page_token: wrong; open the page again")
        asked = self._read_question(sent)
        person = self.world.lookup.find_person(sent.get("person", ""))
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(person.id, asked["redirect_uri"])
        query = urlencode({"code": code, "state": asked["state"]})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{query}"})

    async def exchange(self, request: web.Request) -> web.Response:
        """Serve `POST /api/v10/oauth2/token`."""
        sent = {name: str(value) for name, value in (await request.post()).items()}
        if not (
            sent.get("client_id") == str(self.world.bot.id)
            and hmac.compare_digest(sent.get("client_secret", ""), self.client_secret)
        ):
            return web.json_response({"error": "invalid_client"}, status=401)
        code = self._codes.pop(sent.get("code", ""), None)
        if code is None or code.redirect_uri != sent.get("redirect_uri"):
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = code.person_id
        return web.json_response(
            {
                "access_token": token, "token_type": "Bearer", "expires_in": _SECONDS,
                "refresh_token": secrets.token_urlsafe(24), "scope": _SCOPE,
            }
        )  # fmt: skip

    def find_user(self, token: str) -> dict[str, object] | None:
        """Return the user of an access token as `GET /users/@me` has it; `None` if unknown."""
        person_id = self._tokens.get(token)
        name = next((n for n, known in self.world.people.items() if known == person_id), None)
        if name is None:
            return None
        return {
            "id": str(person_id), "username": name, "discriminator": "0", "global_name": name,
            "avatar": None,
        }  # fmt: skip

    def _read_question(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Return the checked parameters. Raises `Refused` (400)."""
        found = {
            name: str(asked.get(name, ""))
            for name in ("client_id", "redirect_uri", "response_type", "scope", "state")
        }
        if found["client_id"] != str(self.world.bot.id):
            raise Refused(400, "client_id: not the application of the bot")
        if found["response_type"] != "code" or found["scope"] != _SCOPE:
            raise Refused(400, "response_type must be code, and scope identify")
        if not _is_here(found["redirect_uri"]):
            raise Refused(400, "redirect_uri: not an address of this machine")
        return found


def _is_here(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.query or parts.fragment:
        return False
    try:
        return (
            parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
        )
    except ValueError:
        return False
