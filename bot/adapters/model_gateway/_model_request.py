"""A program's request: parsed once, cleaned of secrets, and serialised again.

The body is always rewritten from its parsed form, so that nothing another parser could interpret
differently (a duplicate key, odd escapes) is sent. Secrets are removed from all texts; nothing else
is changed.
"""

import hashlib
import json
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from cachetools import LRUCache

from bot.adapters.model_gateway._answers import refuse_forbidden, refuse_invalid

BYTES_A_TOKEN = 3  # a low value, so that estimates are rather too high
DENSE_BYTES_A_TOKEN = 1.5  # for letters that are not ASCII
TOKENS_A_PICTURE = 5_000  # the size of the largest picture
TOKENS_A_DOCUMENT = 200_000  # a hundred pages may have few bytes
MOST_OUT = 1_000_000
_MODEL = re.compile(r"[A-Za-z0-9][\w.:@/\[\]-]{0,99}", re.ASCII)  # it is recorded
_OURS = (None, "custom")  # tools that run here; others would make the provider access the network
# Fields that identify the machine and conversation, or change the price of the model.
_LEFT_OUT = ("metadata", "speed", "service_tier", "inference_geo")
_BY_NAME = frozenset({"url", "file_id"})
_REACHING = ("mcp_servers", "container")
_MARK = "[redacted:"
# Made by the provider, which refuses a request if they were changed.
_OPAQUE = frozenset({"id", "tool_use_id", "signature"})
_SEALED = ("thinking", "redacted_thinking")  # signed: any change makes them invalid
# Where the program keeps a picture: a path of this machine, of no use to a model.
_PICTURE_PATH = re.compile(r"\[Image: source: [^\]\n]{1,4096}\]")
_SHORT = 200  # characters; longer texts are redacted once and cached
_REMEMBERED = 4_096


@dataclass(frozen=True)
class CleanBody:
    """A body without secrets, how many were removed, and how much of it is not text."""

    body: Mapping[str, object]
    redacted: int
    pictures: int
    documents: int
    other_bytes: int


class BodyRedactor:
    """Cleans bodies with `redact`. Safe to use in threads."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._known: LRUCache[bytes, str | None] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()

    def clean(self, body: Mapping[str, object]) -> CleanBody:
        """Return the body without secrets.

        Ids, signatures, thinking and pictures stay unchanged.
        """
        walk = _Walk(self._redact_text)
        cleaned = walk.clean(dict(body))
        return CleanBody(
            cast("Mapping[str, object]", cleaned),
            walk.redacted,
            walk.pictures,
            walk.documents,
            walk.other_bytes,
        )

    def _redact_text(self, text: str) -> str:
        if len(text) < _SHORT:
            return self._redact(text)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            if key in self._known:
                cached = self._known[key]
                return text if cached is None else cached
        redacted = self._redact(text)
        with self._lock:
            self._known[key] = None if redacted == text else redacted
        return redacted


class _Walk:
    """One pass through one body."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self.redacted = 0
        self.pictures = 0
        self.documents = 0
        self.other_bytes = 0

    def clean(self, value: object, *, is_tool_input: bool = False) -> object:
        """Return the value without secrets. The input of a tool may use any keys for text."""
        if isinstance(value, str):
            return self._clean_text(value)
        if isinstance(value, list):
            return [self.clean(item, is_tool_input=is_tool_input) for item in value]
        if isinstance(value, dict):
            return self._block(value, is_tool_input=is_tool_input)
        return value

    def _block(self, block: Mapping[str, object], *, is_tool_input: bool) -> object:
        if is_tool_input:
            return {
                self._clean_text(key): self.clean(child, is_tool_input=True)
                for key, child in block.items()
            }
        if block.get("type") in _SEALED:
            return block
        if block.get("type") == "base64" and isinstance(data := block.get("data"), str):
            is_picture = str(block.get("media_type")).startswith("image/")
            self.pictures += is_picture
            self.documents += not is_picture
            self.other_bytes += len(data)
            return block
        return {
            self._clean_text(key): child
            if key in _OPAQUE and isinstance(child, str)
            else self.clean(child, is_tool_input=key in ("input", "input_schema"))
            for key, child in block.items()
        }

    def _clean_text(self, text: str) -> str:
        text = _PICTURE_PATH.sub("[Image]", text)
        redacted = self._redact(text)
        if redacted != text:
            self.redacted += max(1, redacted.count(_MARK) - text.count(_MARK))
        return redacted


@dataclass(frozen=True)
class ModelRequest:
    """A request to be sent. `tokens_in` is an estimate, `most_out` the limit for its answer.

    `hour` is true if its cache entries last an hour. `unseen` is true if the provider may charge
    for output that is not visible in the stream.
    """

    body: bytes
    model: str
    streams: bool
    tokens_in: int
    most_out: int
    redacted: int
    hour: bool
    unseen: bool


def read(raw: bytes, redactor: BodyRedactor) -> ModelRequest:
    """Parse a body. Raises `GatewayRefusal` for one that is invalid or not allowed."""
    try:
        parsed = json.loads(raw, parse_constant=_reject_number)
        if not isinstance(parsed, dict):
            raise refuse_invalid("The body must be a JSON object.")
        _look(parsed)
        for key in _LEFT_OUT:
            parsed.pop(key, None)
        clean = redactor.clean(parsed)
        if clean.body["model"] != parsed["model"] or not _MODEL.fullmatch(parsed["model"]):
            raise refuse_invalid("That is not a valid model name.")
        body = _encode(clean.body)
    except (ValueError, RecursionError):  # also for invalid UTF-8 and endless nesting
        raise refuse_invalid("The body must be JSON in UTF-8.") from None
    thinks = isinstance(thinking := parsed.get("thinking"), dict) and thinking.get("type")
    streams = parsed.get("stream") is True
    return ModelRequest(
        body=body,
        model=str(parsed["model"]),
        streams=streams,
        tokens_in=_estimate_tokens(body, clean),
        most_out=_count(parsed.get("max_tokens")),
        redacted=clean.redacted,
        hour=b'"ttl":"1h"' in body,
        unseen=not streams or thinks not in (False, None, "disabled"),
    )


def append_note(request: ModelRequest, note: str) -> ModelRequest:
    """Return the request with a note from us to the model at its end."""
    parsed = json.loads(request.body)
    last_message = parsed["messages"][-1] if parsed["messages"] else None
    if not isinstance(last_message, dict) or last_message.get("role") not in ("user", "system"):
        return request
    content = last_message.get("content")
    if not isinstance(content, str | list):
        return request  # the provider refuses it, and says why
    blocks = [_build_text_block(content)] if isinstance(content, str) else content
    last_message["content"] = [
        *blocks,
        _build_text_block(f"<system-reminder>{note}</system-reminder>"),
    ]
    return replace(request, body=_encode(parsed))


def iterate_shorter(request: ModelRequest, tokens: Sequence[int]) -> Iterator[ModelRequest]:
    """Yield the request with each of these token limits that is below its own."""
    parsed = json.loads(request.body)
    thinking = parsed.get("thinking")
    if isinstance(thinking, dict) and thinking.get("budget_tokens"):
        return  # the thinking budget must fit into the answer
    for most_out in tokens:
        if most_out < request.most_out:
            body = _encode({**parsed, "max_tokens": most_out})
            yield replace(request, body=body, most_out=most_out)


def _build_text_block(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _encode(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _estimate_tokens(body: bytes, clean: CleanBody) -> int:
    """Return an upper estimate of a request's tokens."""
    dense = len(body) - len(body.decode().encode("ascii", "ignore"))
    text = estimate_tokens(len(body) - clean.other_bytes - dense)
    text += math.ceil(dense / DENSE_BYTES_A_TOKEN)
    return text + clean.pictures * TOKENS_A_PICTURE + clean.documents * TOKENS_A_DOCUMENT


def estimate_tokens(length: int) -> int:
    """Return an upper estimate of the tokens in so many bytes."""
    return -(-max(0, length) // BYTES_A_TOKEN)


def _look(body: Mapping[str, object]) -> None:
    """Refuse features that make the provider access the network: they bypass the sandbox."""
    if not isinstance(body.get("model"), str) or not isinstance(body.get("messages"), list):
        raise refuse_invalid("The body needs a model and messages.")
    for key in _REACHING:
        if body.get(key):
            raise refuse_forbidden(f"`{key}` is not allowed here: it accesses other machines.")
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict) or tool.get("type") not in _OURS:
            raise refuse_forbidden("Tools that the provider runs are not allowed here.")
    if any(
        source.get("type") in ("url", "file") and source.keys() & _BY_NAME
        for source in _iterate_sources(body)
    ):
        raise refuse_forbidden(
            "Pictures and documents must be sent as data here, not by address or name."
        )


def _iterate_sources(value: object) -> Iterator[Mapping[str, object]]:
    """Yield the sources of pictures and documents; inputs of tools are skipped."""
    if isinstance(value, list):
        for child in value:
            yield from _iterate_sources(child)
    elif isinstance(value, dict):
        for key, child in value.items():
            if key == "source" and isinstance(child, dict):
                yield child
            if key != "input":
                yield from _iterate_sources(child)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 < value <= MOST_OUT else 0


def _reject_number(name: str) -> float:
    raise ValueError(name)
