"""The bot's identity on GitHub: a token or an App's installation. Secrets are never shown."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import jwt
from pydantic import AwareDatetime, SecretStr

from bot.adapters.forges.github._answers import GithubObject
from bot.domain.errors import ConfigError
from bot.ports.clock import Clock

_BEFORE = timedelta(minutes=5)  # an installation's token is renewed this long before it expires
_SKEW = timedelta(minutes=1)  # the clock of this machine may run ahead of GitHub's
_GOOD_FOR = timedelta(minutes=8)  # GitHub accepts at most ten


class InstallationCredentials(GithubObject):
    """GitHub's response with a token for an App's installation."""

    token: SecretStr
    expires_at: AwareDatetime


ApiRequest = Callable[[int, str], Awaitable[InstallationCredentials]]
"""Asks GitHub for an installation's token: its number, and the App's own JWT."""


class Credentials(Protocol):
    """Authenticates requests to GitHub."""

    @property
    def fix_hint(self) -> str:
        """How people can fix the credentials, as an instruction."""
        ...

    @property
    def name(self) -> str:
        """The name to show if GitHub has no account for it."""
        ...

    async def get_token(self, ask: ApiRequest, clock: Clock) -> SecretStr:
        """Return a token that is valid for at least some minutes."""
        ...

    def forget(self) -> bool:
        """Drop a token that was refused; return whether another one can be requested."""
        ...


class Token:
    """A personal access token, preferably a fine-grained one."""

    fix_hint = "make a new fine-grained token and put it in GITHUB_TOKEN"
    name = "somebody"

    def __init__(self, secret: str) -> None:
        self._secret = SecretStr(secret.strip())

    def __repr__(self) -> str:
        return "Token(<hidden>)"

    async def get_token(self, ask: ApiRequest, clock: Clock) -> SecretStr:
        """Return the token."""
        return self._secret

    def forget(self) -> bool:
        """Return false: there is no other token."""
        return False


class _StoredToken(NamedTuple):
    token: SecretStr
    until: datetime


class App:
    """A GitHub App that acts as one of its installations. `key_file` is its private key (PEM)."""

    fix_hint = "check forge.github.app (id, installation, private_key) and the App's settings"

    def __init__(self, app_id: int, installation: int, key_file: Path) -> None:
        self.name = f"App {app_id}"
        self._id = app_id
        self._installation = installation
        self._key_file = key_file
        self._held: _StoredToken | None = None
        # Requests that find the token expired at the same time ask for one new token, not for one
        # each.
        self._asking = asyncio.Lock()

    def __repr__(self) -> str:
        return f"App({self._id}, installation={self._installation})"

    async def get_token(self, ask: ApiRequest, clock: Clock) -> SecretStr:
        """Return the installation's token; request a new one shortly before it expires."""
        async with self._asking:
            if self._held is None or clock.now() >= self._held.until - _BEFORE:
                new = await ask(self._installation, await self._sign_jwt(clock.now()))
                self._held = _StoredToken(new.token, new.expires_at)
            return self._held.token

    def forget(self) -> bool:
        """Drop the current token; return whether there was one."""
        token, self._held = self._held, None
        return token is not None

    async def _sign_jwt(self, now: datetime) -> str:
        """Return a signed JWT of the App, valid for some minutes. Raises `ConfigError`."""
        claims = {"iat": now - _SKEW, "exp": now + _GOOD_FOR, "iss": str(self._id)}
        try:
            key = await asyncio.to_thread(self._key_file.read_bytes)
        except OSError as error:
            raise ConfigError(
                f"forge.github.app.private_key: {self._key_file} cannot be read; download a key "
                "from the App's settings page and put it there",
                detail=str(error),
            ) from None
        try:
            return jwt.encode(claims, key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise ConfigError(
                f"forge.github.app.private_key: {self._key_file} is not a private key (PEM)"
            ) from None


def build_git_header(token: SecretStr) -> str:
    """Return the HTTP header that authenticates git to GitHub."""
    pair = f"x-access-token:{token.get_secret_value()}".encode()
    return f"Authorization: Basic {base64.b64encode(pair).decode()}"
