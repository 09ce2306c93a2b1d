"""Describes answers without their text: as a readable shape, and as a digest."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.client._exchanges import SentRequest, Told
from bot.client._traffic_steps import walk_components

_VERBS = {4: "answer", 5: "deferred", 6: "deferred", 7: "edit", 8: "choices", 9: "form"}
_PRIVATE = 1 << 6
_VOLATILE = re.compile(r"\d{15,}|<t:-?\d+")
_BUTTON, _FIELDS = 2, frozenset({3, 4, 5, 6, 7, 8})
_TEXT_FIELDS = (
    "content",
    "title",
    "description",
    "name",
    "value",
    "text",
    "label",
    "url",
    "placeholder",
)


def describe_shape(requests: Sequence[SentRequest]) -> tuple[str, ...]:
    """Return one line for each answer: `answer, private: 2 lines of 57 signs, 3 buttons`."""
    return tuple(_describe_request(each) for each in requests)


def compute_answer_digest(requests: Sequence[SentRequest], keyed: Callable[[str], str]) -> str:
    """Return a digest of all texts in the answers; ids and times of day do not change it."""
    parts = [
        [_get_verb(each), *(_VOLATILE.sub("0", text) for text in _collect_texts(each))]
        for each in requests
    ]
    return keyed(json.dumps(parts, ensure_ascii=False)) if parts else ""


def _describe_request(request: SentRequest) -> str:
    message = _get_message(request)
    parts = [_get_verb(request)]
    if int(message.get("flags") or 0) & _PRIVATE:
        parts.append("private")
    content = str(message.get("content") or "")
    if content:
        lines = content.count("\n") + 1
        parts.append(f"{lines} {'line' if lines == 1 else 'lines'} of {len(content)} signs")
    for embed in message.get("embeds") or ():
        parts.append(f"embed of {len(embed.get('fields') or ())} fields")
    counted = Counter(
        "button" if each.get("type") == _BUTTON else "field"
        for each in walk_components(message)
        if each.get("type") == _BUTTON or each.get("type") in _FIELDS
    )
    parts += [f"{number} {what}s" for what, number in sorted(counted.items())]
    if isinstance(message.get("choices"), Sequence):
        parts.append(f"{len(message['choices'])} choices")
    files = len(message.get("attachments") or ())
    return ", ".join([*parts, *([f"{files} files"] if files else [])])


def _get_verb(request: SentRequest) -> str:
    payload = get_payload(request)
    if request.path.endswith("/callback"):
        return _VERBS.get(int(payload.get("type") or 0), "answer")
    if "/reactions/" in request.path:
        return "reaction" if request.method == "PUT" else "reaction removed"
    if "/messages" in request.path or request.path.startswith("/webhooks/"):
        return {"POST": "message", "PATCH": "edit", "DELETE": "removal"}.get(request.method, "look")
    return f"{request.method} {request.path}"


def get_payload(request: SentRequest) -> Told:
    """Return what was sent as JSON; with files it is a part of a form."""
    sent = request.payload
    if isinstance(sent, Mapping):
        return sent
    for part in sent or ():
        if isinstance(part, Mapping) and part.get("name") == "payload_json":
            read: Told = json.loads(part["value"])
            return read
    return {}


def _get_message(request: SentRequest) -> Told:
    payload = get_payload(request)
    inner = payload.get("data") if request.path.endswith("/callback") else payload
    return inner if isinstance(inner, Mapping) else {}


def _collect_texts(request: SentRequest) -> Iterator[str]:
    yield from _walk_texts(_get_message(request))


def _walk_texts(value: Any) -> Iterator[str]:
    """Yield every text that people read, in order."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in _TEXT_FIELDS and isinstance(inner, str):
                yield inner
            elif not isinstance(inner, str):
                yield from _walk_texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _walk_texts(inner)
