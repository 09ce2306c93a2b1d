"""The bots behind a load balancer: their addresses, and what their HTTP says of them."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import AwareDatetime, Field
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.domain.errors import ConfigError
from bot.web import is_loopback

_MOST_BYTES = 65_536
_SECONDS = 5.0
_TEXT = 200


class Readiness(Record):
    """What `/health/ready` answers: `reasons` why the bot gets no requests, none if it does."""

    ready: bool
    reasons: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The reasons in one line, short enough to be shown."""
        return clean("; ".join(self.reasons))[:_TEXT] or "no reason is given"


class Version(Record):
    """What `/health/info` answers, as far as a restart asks: which process runs what."""

    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{7,64}$")
    since: AwareDatetime


def clean(text: str) -> str:
    """Return a text from elsewhere as one line without secrets and control characters."""
    return redact("".join(each if each.isprintable() else " " for each in text)).strip()


NOT_REACHED = Readiness(ready=False, reasons=("it does not answer",))


@dataclass(frozen=True)
class BotAddress:
    """The address of one bot, without a slash at the end."""

    url: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the URL."""
        return self.url


def parse_address(text: str) -> BotAddress:
    """Return the address. Raises `ConfigError` for anything but `http(s)://HOST[:PORT]`."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    plain = parts.scheme in ("http", "https") and parts.path in ("", "/") and _is_name(host)
    if not plain or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(
            f"rolling-restart: {clean(text)[:_TEXT]!r} is no address of a bot; write it as "
            "http://10.0.0.1:8081, without a name, a path or a question mark."
        )
    port = port or (443 if parts.scheme == "https" else 80)
    name = f"[{host}]" if ":" in host else host
    return BotAddress(f"{parts.scheme}://{name}:{port}", host, port)


def _is_name(host: str) -> bool:
    """Return whether a host is a name or a number, and no option of a command."""
    return re.fullmatch(r"[a-z0-9:][a-z0-9._:-]{0,252}", host) is not None


def check_token_path(address: BotAddress, *, plain_http: bool) -> None:
    """Raise `ConfigError` if a token would leave this machine unencrypted without permission."""
    if address.url.startswith("http:") and not (plain_http or is_loopback(address.host)):
        raise ConfigError(
            f"rolling-restart: THESEUS_HTTP_TOKEN would be sent to {address} without encryption. "
            "Use https, or a tunnel to 127.0.0.1, or --plain-http in a network of your own."
        )


@asynccontextmanager
async def open_instances(token: str | None) -> AsyncIterator["InstanceClient"]:
    """Open a client for the bots; it takes no proxy from the environment."""
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    # A connection each: one that is kept would hold on to a bot that is closing.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        yield InstanceClient(http, token)


class InstanceClient:
    """Asks the bots how they are."""

    def __init__(self, http: aiohttp.ClientSession, token: str | None) -> None:
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = http

    async def get_readiness(self, address: BotAddress) -> Readiness:
        """Return whether the bot is ready; one that does not answer is not."""
        try:
            _, content = await self._ask(address, "/health/ready", {})
            return Readiness.model_validate({key: content.get(key, ()) for key in _READY})
        except (aiohttp.ClientError, OSError, TimeoutError):
            return NOT_REACHED
        except ValueError:
            return Readiness(ready=False, reasons=("its answer is not that of a bot",))

    async def get_version(self, address: BotAddress) -> Version:
        """Return which process runs which commit. Raises `ConfigError` if that cannot be read."""
        try:
            status, content = await self._ask(address, "/health/info", self._headers)
            if status == 200:
                return Version.model_validate({key: content.get(key) for key in _VERSION})
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise ConfigError(
                f"rolling-restart: {address} does not answer. Start that bot with http.port set "
                "(docs/http.md), or leave it out."
            ) from None
        except ValueError:
            why = "its answer is not that of a bot"
        else:
            why = f"status {status}"
        raise ConfigError(
            f"rolling-restart: {address}/health/info cannot be read ({why}). It needs the token of "
            "that bot in THESEUS_HTTP_TOKEN; on this machine without a token, its own user."
        )

    async def _ask(
        self, address: BotAddress, path: str, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, Any]]:
        """Return status and fields of an answer; `ValueError` if one has to be JSON and is not."""
        async with self._http.get(
            address.url + path, headers=headers, allow_redirects=False
        ) as answer:
            if answer.status not in _ANSWERS:
                return answer.status, {}
            body = b""
            async for part in answer.content.iter_chunked(_MOST_BYTES):
                body += part
                if len(body) > _MOST_BYTES:
                    raise ValueError("the answer is too long")
            content = json.loads(body)
            if not isinstance(content, dict):
                raise ValueError("the answer is no object")  # noqa: TRY004 - as for bad JSON
            return answer.status, content


_ANSWERS = (200, 503)
_READY = ("ready", "reasons")
_VERSION = ("commit", "since")
