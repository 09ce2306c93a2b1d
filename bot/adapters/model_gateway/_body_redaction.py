"""Secrets are taken out of what goes out, wherever words are; nothing else is touched."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cachetools import LRUCache

_MARK = "[redacted:"
_NAMES = frozenset({"type", "id", "tool_use_id", "signature", "role", "media_type", "name"})
_SEALED = ("thinking", "redacted_thinking")  # signed: one letter changed makes it worthless
_SHORT = 200  # characters; a longer text is looked through once, not with each request it is in
_REMEMBERED = 4_096


@dataclass(frozen=True)
class Clean:
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

    def clean(self, body: Mapping[str, object]) -> Clean:
        """Return it without secrets. Ids, signatures, thinking and pictures stay as they are."""
        walk = _Walk(self._text)
        cleaned = {key: walk.value(value) for key, value in body.items()}
        return Clean(cleaned, walk.redacted, walk.pictures, walk.documents, walk.other_bytes)

    def _text(self, text: str) -> str:
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

    def value(self, value: object, *, given: bool = False) -> object:
        """Return it cleaned. What a tool is `given` may call its own words anything."""
        if isinstance(value, str):
            return self._words(value)
        if isinstance(value, list):
            return [self.value(each, given=given) for each in value]
        if isinstance(value, dict):
            return self._block(value, given=given)
        return value

    def _block(self, block: Mapping[str, object], *, given: bool) -> object:
        if given:
            return {self._words(key): self.value(each, given=True) for key, each in block.items()}
        if block.get("type") in _SEALED:
            return block
        if block.get("type") == "base64" and isinstance(data := block.get("data"), str):
            is_picture = str(block.get("media_type")).startswith("image/")
            self.pictures += is_picture
            self.documents += not is_picture
            self.other_bytes += len(data)
            return block
        return {
            key: each if key in _NAMES else self.value(each, given=key in ("input", "input_schema"))
            for key, each in block.items()
        }

    def _words(self, text: str) -> str:
        found = self._redact(text)
        if found != text:
            self.redacted += max(1, found.count(_MARK) - text.count(_MARK))
        return found
