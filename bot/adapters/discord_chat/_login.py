"""Finds out who somebody is, by OAuth 2 with Discord.

Source: https://discord.com/developers/docs/topics/oauth2 (authorization code grant).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from bot.domain.errors import ChatRejected, ChatUnavailable

DISCORD_API = "https://discord.com/api/v10"
_SECONDS = 10.0
_LONGEST = 64_000
_SCOPE = "identify"


@dataclass(frozen=True, eq=False)
class DiscordLogin:
    """Implements `bot.ports.login_provider.LoginProvider`.

    `api` is the address of the API, with its version; `get_client_id` returns the id of the bot's
    application once Discord has told it.
    """

    secret: str
    get_client_id: Callable[[], int | None]
    api: str = DISCORD_API

    def build_authorize_url(self, state: str, callback: str) -> str:
        """Return Discord's page of consent; see the port."""
        parts = urlsplit(self.api)
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._find_client_id(),
                "scope": _SCOPE,
                "redirect_uri": callback,
                "state": state,
                "prompt": "none",  # people who agreed once are not asked again
            }
        )
        return f"{parts.scheme}://{parts.netloc}/oauth2/authorize?{query}"

    async def fetch_person_id(self, code: str, callback: str) -> int:
        """Exchange the code and read the id of its person; see the port."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "client_id": str(self._find_client_id()),
            "client_secret": self.secret,
        }
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            granted = await self._ask(http, "POST", "/oauth2/token", data=form)
            token = granted.get("access_token")
            if not isinstance(token, str) or _SCOPE not in str(granted.get("scope")).split():
                raise ChatRejected("Discord did not allow me to see who you are; log in again.")
            headers = {"Authorization": f"Bearer {token}"}
            person = await self._ask(http, "GET", "/users/@me", headers=headers)
        person_id = str(person.get("id", ""))
        if not (person_id.isascii() and person_id.isdecimal()):
            raise ChatUnavailable("Discord's answer names no person.")
        return int(person_id)

    def _find_client_id(self) -> int:
        client_id = self.get_client_id()
        if client_id is None:
            raise ChatUnavailable("I am not connected to Discord yet; try again in a moment.")
        return client_id

    async def _ask(
        self, http: aiohttp.ClientSession, method: str, path: str, **sent: Any
    ) -> Mapping[str, Any]:
        """Return the object that Discord answers. Redirects would take the secret elsewhere."""
        try:
            async with http.request(
                method, self.api + path, allow_redirects=False, **sent
            ) as answer:
                raw = await answer.content.read(_LONGEST)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChatUnavailable(f"Discord cannot be asked who you are: {error}") from error
        if status in (400, 401, 403):
            raise ChatRejected(
                "Discord does not accept that login. Log in again; if it stays so, "
                "THESEUS_DISCORD_CLIENT_SECRET or the redirect address is wrong (docs/logins.md)."
            )
        if status != 200:
            raise ChatUnavailable(f"Discord answered with {status}.")
        return _parse_object(raw)


def _parse_object(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise ChatUnavailable("Discord's answer is not JSON.") from error
    return found if isinstance(found, dict) else {}
