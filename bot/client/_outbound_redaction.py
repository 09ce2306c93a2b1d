"""Redacts everything that cogs send to Discord.

discord.py sends in two ways: requests of the client, and webhooks that carry answers to
interactions. Both are wrapped here, so that no cog has to redact by itself. The bot's status text
is sent over the gateway and is redacted separately.
"""

import asyncio
import codecs
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import discord
from discord.http import HTTPClient, Route
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from bot.client._exchanges import record_answer
from bot.client._follow_ups import FOLLOW_UPS

Redact = Callable[[str], str]
_UNREDACTED_KEYS = frozenset(
    {"custom_id", "nonce", "id", "type", "avatar", "icon", "image", "banner", "hash"}
)
_MOST = 8_000_000  # characters of a file that are looked through; a longer text is withheld
_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\r\x1b"})
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTENT = 2_000
_ACTIVITY_FIELDS = ("name", "state", "details")
_WITHHELD = b"This file was withheld: it is too long to look through for secrets.\n"


def keep_secrets(http: HTTPClient, redact: Redact) -> None:
    """Redact the client's requests and webhooks. Call it before anything is sent.

    The wrapper of webhooks applies to the current context, and to tasks that are created in it.
    Calling it again has no effect.
    """
    async_context.set(_DiscreetWebhooks(redact))
    if isinstance(http.__dict__.get("request"), _DiscreetRequests):
        return
    http.__dict__["request"] = _DiscreetRequests(http.request, redact)


class _DiscreetRequests:
    """Replaces `HTTPClient.request`. Commands are not redacted: their texts are source code."""

    def __init__(self, request: Callable[..., Any], redact: Redact) -> None:
        self._request = request
        self._redact = redact

    async def __call__(
        self,
        route: Route,
        *,
        files: Sequence[discord.File] | None = None,
        form: Iterable[dict[str, Any]] | None = None,
        **given: Any,
    ) -> Any:
        if "json" in given and not route.path.endswith("/commands"):
            given["json"] = redact_payload(given["json"], self._redact)
        if isinstance(given.get("reason"), str):
            given["reason"] = self._redact(given["reason"])
        if form is not None:
            form = await asyncio.to_thread(_redact_parts, list(form), self._redact)
        result = await self._request(route, files=files, form=form, **given)
        record_answer(route.method, route.path, given.get("json", form))
        return result


class _DiscreetWebhooks(AsyncWebhookAdapter):
    """Webhooks, and with them every answer to a command, a button or a form."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # discord.py's own
        self._redact = redact

    async def request(
        self,
        route: Route,
        session: Any,
        *,
        payload: dict[str, Any] | None = None,
        multipart: list[dict[str, Any]] | None = None,
        **given: Any,
    ) -> Any:
        """Send it without secrets."""
        if payload is not None:
            payload = redact_payload(payload, self._redact)
        if multipart is not None:
            multipart = await asyncio.to_thread(_redact_parts, multipart, self._redact)
        if isinstance(given.get("reason"), str):
            given["reason"] = self._redact(given["reason"])
        result = await super().request(
            route, session, payload=payload, multipart=multipart, **given
        )
        record_answer(route.method, route.path, multipart if payload is None else payload)
        if route.webhook_token and route.method != "GET" and not route.path.endswith("/callback"):
            FOLLOW_UPS.add(route.webhook_token)
        return result


def redact_payload(value: Any, redact: Redact) -> Any:
    """Return a payload for Discord with redacted texts; ids and pictures stay unchanged."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {
            key: inner
            if key in _UNREDACTED_KEYS and isinstance(inner, str)
            else redact_payload(inner, redact)
            for key, inner in value.items()
        } | _redact_content(value, redact)
    if isinstance(value, list | tuple):
        return [redact_payload(inner, redact) for inner in value]
    return value


def _redact_content(value: dict[str, Any], redact: Redact) -> dict[str, str]:
    """Return a message's text, no longer than Discord takes: marks are longer than some secrets."""
    text = value.get("content")
    if not isinstance(text, str):
        return {}
    clean = redact(text)
    fits = len(clean) <= max(_CONTENT, len(text))
    return {"content": clean if fits else f"{clean[: _CONTENT - 1]}…"}


def _redact_parts(parts: Sequence[dict[str, Any]], redact: Redact) -> list[dict[str, Any]]:
    return [_redact_part(part, redact) for part in parts]


def _redact_part(part: dict[str, Any], redact: Redact) -> dict[str, Any]:
    """Return one part of a form: the message itself, or a file."""
    value = part["value"]
    if part.get("name") == "payload_json":
        return {**part, "value": json.dumps(redact_payload(json.loads(value), redact))}
    if not isinstance(value, io.IOBase):
        return part
    name = part.get("filename")
    named = {**part, "filename": redact(name)} if isinstance(name, str) else part
    content = _read_content(value)
    clean = _clean_file(content, redact)
    # A changed file is sent as bytes: for a retry, discord.py rewinds only its own file object.
    return named if clean == content else {**named, "value": clean}


def _read_content(file: Any) -> bytes:
    """Return what is in a file; it is left where it was."""
    start = file.tell()
    content = file.read()
    file.seek(start)
    return content if isinstance(content, bytes) else b""


def _clean_file(content: bytes, redact: Redact) -> bytes:
    """Return the file without secrets. What is no text (a picture) is let through as it is."""
    encoding = _detect_encoding(content)
    if encoding is None:
        return content
    text = content.decode(encoding, "replace")
    if len(text) > _MOST:
        return _WITHHELD
    clean = redact(text)
    return content if clean == text else clean.encode(encoding, "replace")


def _detect_encoding(content: bytes) -> str | None:
    """Return what a text is written in; a byte that does not fit makes no picture of a log."""
    if content.startswith(_MARKS):
        return "utf-16"
    signs = content.replace(b"\0", b"")
    if 50 * (len(signs) - len(signs.translate(None, _CONTROLS))) > len(signs):
        return None
    try:
        content.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def redact_activity(activity: Any, redact: Redact) -> Any:
    """Return what the bot is shown as doing, for everybody to read, without secrets."""
    for name in _ACTIVITY_FIELDS:
        words = getattr(activity, name, None)
        if isinstance(words, str) and (clean := redact(words)) != words:
            setattr(activity, name, clean)
    return activity
