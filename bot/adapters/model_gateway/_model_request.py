"""What a program asks: read once, cleaned of secrets, and told anew in our own bytes.

The body is always written again from what was read of it: what a second reader could take otherwise
(a key twice, odd escapes) does not go out. Secrets are taken out wherever words are; nothing else
is touched.
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

BYTES_A_TOKEN = 3  # few, so that an estimate is rather too high
DENSE_BYTES_A_TOKEN = 1.5  # of letters that are not ASCII
TOKENS_A_PICTURE = 5_000  # the largest
TOKENS_A_DOCUMENT = 200_000  # a hundred pages may be few bytes
MOST_OUT = 1_000_000
_MODEL = re.compile(r"[A-Za-z0-9][\w.:@/\[\]-]{0,99}", re.ASCII)  # it is written down
_OURS = (None, "custom")  # tools that are run here; others would have the provider reach out
# Which machine and conversation it is, and what has another price than the model's own.
_LEFT_OUT = ("metadata", "speed", "service_tier", "inference_geo")
_BY_NAME = frozenset({"url", "file_id"})
_REACHING = ("mcp_servers", "container")
_MARK = "[redacted:"
# Made by the provider, which refuses a request where they are changed.
_OPAQUE = frozenset({"id", "tool_use_id", "signature"})
_SEALED = ("thinking", "redacted_thinking")  # signed: one letter changed makes it worthless
_SHORT = 200  # characters; a longer text is looked through once, not with each request it is in
_REMEMBERED = 4_096


@dataclass(frozen=True)
class CleanBody:
    """A body without secrets, how many were taken out, and how much of it is no text."""

    body: Mapping[str, object]
    redacted: int
    pictures: int
    documents: int
    other_bytes: int


class BodyRedactor:
    """Cleans bodies with `redact`. May be used in threads."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._known: LRUCache[bytes, str | None] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()

    def clean(self, body: Mapping[str, object]) -> CleanBody:
        """Return it without secrets. Ids, signatures, thinking and pictures stay as they are."""
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
                known = self._known[key]
                return text if known is None else known
        found = self._redact(text)
        with self._lock:
            self._known[key] = None if found == text else found
        return found


class _Walk:
    """One way through one body."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self.redacted = 0
        self.pictures = 0
        self.documents = 0
        self.other_bytes = 0

    def clean(self, value: object, *, is_tool_input: bool = False) -> object:
        """Return it cleaned. What a tool is `given` may call its own words anything."""
        if isinstance(value, str):
            return self._clean_text(value)
        if isinstance(value, list):
            return [self.clean(each, is_tool_input=is_tool_input) for each in value]
        if isinstance(value, dict):
            return self._block(value, is_tool_input=is_tool_input)
        return value

    def _block(self, block: Mapping[str, object], *, is_tool_input: bool) -> object:
        if is_tool_input:
            return {
                self._clean_text(key): self.clean(each, is_tool_input=True)
                for key, each in block.items()
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
            self._clean_text(key): each
            if key in _OPAQUE and isinstance(each, str)
            else self.clean(each, is_tool_input=key in ("input", "input_schema"))
            for key, each in block.items()
        }

    def _clean_text(self, text: str) -> str:
        found = self._redact(text)
        if found != text:
            self.redacted += max(1, found.count(_MARK) - text.count(_MARK))
        return found


@dataclass(frozen=True)
class ModelRequest:
    """A request as it goes out. `tokens_in` is an estimate; `most_out` what it may write.

    `hour`: what it writes to the cache is kept an hour. `unseen`: what the model writes may be
    paid before any of it is seen.
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
    """Read a body. Raises `Refusal` for one that makes no sense, or asks for what nobody may."""
    try:
        told = json.loads(raw, parse_constant=_reject_number)
        if not isinstance(told, dict):
            raise refuse_invalid("The body has to be a JSON object.")
        _look(told)
        for key in _LEFT_OUT:
            told.pop(key, None)
        clean = redactor.clean(told)
        if clean.body["model"] != told["model"] or not _MODEL.fullmatch(told["model"]):
            raise refuse_invalid("That is no name of a model.")
        body = _encode(clean.body)
    except (ValueError, RecursionError):  # also letters that are none, and what nests without end
        raise refuse_invalid("The body has to be JSON, in UTF-8.") from None
    thinks = isinstance(thinking := told.get("thinking"), dict) and thinking.get("type")
    streams = told.get("stream") is True
    return ModelRequest(
        body=body,
        model=str(told["model"]),
        streams=streams,
        tokens_in=_estimate_tokens(body, clean),
        most_out=_count(told.get("max_tokens")),
        redacted=clean.redacted,
        hour=b'"ttl":"1h"' in body,
        unseen=not streams or thinks not in (False, None, "disabled"),
    )


def append_note(request: ModelRequest, note: str) -> ModelRequest:
    """Return the request with a word of ours to the model at its end."""
    told = json.loads(request.body)
    last = told["messages"][-1] if told["messages"] else None
    if not isinstance(last, dict) or last.get("role") not in ("user", "system"):
        return request
    said = last.get("content")
    blocks = [_build_text_block(said)] if isinstance(said, str) else list(said or ())
    last["content"] = [*blocks, _build_text_block(f"<system-reminder>{note}</system-reminder>")]
    return replace(request, body=_encode(told))


def iterate_shorter(request: ModelRequest, tokens: Sequence[int]) -> Iterator[ModelRequest]:
    """Yield the request for answers of so many tokens at most, where that is less."""
    told = json.loads(request.body)
    thinking = told.get("thinking")
    if isinstance(thinking, dict) and thinking.get("budget_tokens"):
        return  # what it may think has to fit in too
    for most_out in tokens:
        if most_out < request.most_out:
            body = _encode({**told, "max_tokens": most_out})
            yield replace(request, body=body, most_out=most_out)


def _build_text_block(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _encode(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _estimate_tokens(body: bytes, clean: CleanBody) -> int:
    """Return how many tokens a request may be, rather too many."""
    dense = len(body) - len(body.decode().encode("ascii", "ignore"))
    text = estimate_tokens(len(body) - clean.other_bytes - dense)
    text += math.ceil(dense / DENSE_BYTES_A_TOKEN)
    return text + clean.pictures * TOKENS_A_PICTURE + clean.documents * TOKENS_A_DOCUMENT


def estimate_tokens(length: int) -> int:
    """Return how many tokens so many bytes may be."""
    return -(-max(0, length) // BYTES_A_TOKEN)


def _look(body: Mapping[str, object]) -> None:
    """Refuse what would have the provider itself reach out: a way past a program's confinement."""
    if not isinstance(body.get("model"), str) or not isinstance(body.get("messages"), list):
        raise refuse_invalid("The body needs a model and messages.")
    for key in _REACHING:
        if body.get(key):
            raise refuse_forbidden(
                f"`{key}` is not for programs here: it reaches out of this machine."
            )
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict) or tool.get("type") not in _OURS:
            raise refuse_forbidden("Tools that the provider runs are not for programs here.")
    if any(
        each.get("type") in ("url", "file") and each.keys() & _BY_NAME
        for each in _iterate_sources(body)
    ):
        raise refuse_forbidden(
            "Pictures and documents are sent whole here, not by address or name."
        )


def _iterate_sources(value: object) -> Iterator[Mapping[str, object]]:
    """Yield where pictures and documents come from; what a tool was given is none of that."""
    if isinstance(value, list):
        for each in value:
            yield from _iterate_sources(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "source" and isinstance(each, dict):
                yield each
            if key != "input":
                yield from _iterate_sources(each)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 < value <= MOST_OUT else 0


def _reject_number(name: str) -> float:
    raise ValueError(name)
