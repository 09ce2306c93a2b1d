"""What a program asks: read once, cleaned of secrets, and told anew in our own bytes.

The body is always written again from what was read of it: what a second reader could take otherwise
(a key twice, odd escapes) does not go out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.adapters.model_gateway._answers import forbidden, wrong
from bot.adapters.model_gateway._cleaning import Cleaner

CHARACTERS_A_TOKEN = 3  # few, so that an estimate is rather too high
TOKENS_A_PICTURE = 1_600
_MODEL = re.compile(r"[A-Za-z0-9][\w.:@/\[\]-]{0,99}", re.ASCII)  # it is written down
_OURS = (None, "custom")  # tools that are run here; others would have the provider reach out
# Which machine and conversation it is, and what has another price than the model's own.
_LEFT_OUT = ("metadata", "speed", "service_tier", "inference_geo")
_REACHING = ("mcp_servers", "container")


@dataclass(frozen=True)
class Asked:
    """A request as it goes out. `tokens_in` is an estimate; `most_out` what it may write."""

    body: bytes
    model: str
    streams: bool
    tokens_in: int
    most_out: int
    redacted: int


def read(raw: bytes, cleaner: Cleaner) -> Asked:
    """Read a body. Raises `Refusal` for one that makes no sense, or asks for what nobody may."""
    try:
        told = json.loads(raw, parse_constant=_no_number)
        if not isinstance(told, dict):
            raise wrong("The body has to be a JSON object.")
        _look(told)
        for key in _LEFT_OUT:
            told.pop(key, None)
        clean = cleaner.clean(told)
        if clean.body["model"] != told["model"] or not _MODEL.fullmatch(told["model"]):
            raise wrong("That is no name of a model.")
        body = _written(clean.body)
    except (ValueError, RecursionError):  # also letters that are none, and what nests without end
        raise wrong("The body has to be JSON, in UTF-8.") from None
    return Asked(
        body=body,
        model=str(told["model"]),
        streams=told.get("stream") is True,
        tokens_in=estimated(len(body) - clean.picture_bytes) + clean.pictures * TOKENS_A_PICTURE,
        most_out=_count(told.get("max_tokens")),
        redacted=clean.redacted,
    )


def with_word(asked: Asked, word: str) -> Asked:
    """Return the request with a word of ours to the model at its end."""
    told = json.loads(asked.body)
    last = told["messages"][-1] if told["messages"] else None
    if not isinstance(last, dict) or last.get("role") not in ("user", "system"):
        return asked
    said = last.get("content")
    blocks = [_text(said)] if isinstance(said, str) else list(said or ())
    last["content"] = [*blocks, _text(f"<system-reminder>{word}</system-reminder>")]
    return replace(asked, body=_written(told))


def shorter(asked: Asked, tokens: Sequence[int]) -> Iterator[Asked]:
    """Yield the request for answers of so many tokens at most, where that is less."""
    told = json.loads(asked.body)
    thinking = told.get("thinking")
    if isinstance(thinking, dict) and thinking.get("budget_tokens"):
        return  # what it may think has to fit in too
    for most_out in tokens:
        if most_out < asked.most_out:
            body = _written({**told, "max_tokens": most_out})
            yield replace(asked, body=body, most_out=most_out)


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _written(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def estimated(length: int) -> int:
    """Return how many tokens so many bytes may be."""
    return -(-max(0, length) // CHARACTERS_A_TOKEN)


def _look(body: Mapping[str, object]) -> None:
    """Refuse what would have the provider itself reach out: a way past a program's confinement."""
    if not isinstance(body.get("model"), str) or not isinstance(body.get("messages"), list):
        raise wrong("The body needs a model and messages.")
    for key in _REACHING:
        if body.get(key):
            raise forbidden(f"`{key}` is not for programs here: it reaches out of this machine.")
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict) or tool.get("type") not in _OURS:
            raise forbidden("Tools that the provider runs are not for programs here.")
    if any(each.get("type") == "url" and "url" in each for each in _sources(body)):
        raise forbidden("Pictures and documents are sent whole here, not by their address.")


def _sources(value: object) -> Iterator[Mapping[str, object]]:
    """Yield where pictures and documents come from; what a tool was given is none of that."""
    if isinstance(value, list):
        for each in value:
            yield from _sources(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "source" and isinstance(each, dict):
                yield each
            if key != "input":
                yield from _sources(each)


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _no_number(name: str) -> float:
    raise ValueError(name)
