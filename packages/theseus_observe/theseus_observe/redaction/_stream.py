"""Redacts a text that arrives in pieces: a piece is released only when its context is known."""

from collections.abc import Iterable, Iterator

from theseus_observe.redaction import _private_keys
from theseus_observe.redaction._disguises import unfold
from theseus_observe.redaction._redact import redact
from theseus_observe.redaction._secret_shapes import mark
from theseus_observe.redaction._wrapped_lines import can_continue

LONGEST_HELD = 64_000  # characters held back at most, for a line or wrapped lines without an end
_STEPS = 16  # further cuts are tried in steps of this part of the longest text


class StreamRedactor:
    """Takes a text in pieces, cut anywhere, and returns it redacted.

    Complete lines are released once it is certain that they do not continue in the next one. The
    lines of a private key are dropped; the line in which the key begins has one mark. `close`
    returns the rest. A text without an end is cut after `longest` characters if the cut changes
    nothing, else it is withheld.
    """

    def __init__(self, *, longest: int = LONGEST_HELD) -> None:
        self._longest = longest
        self._held = ""
        self._in_key = False

    def feed(self, piece: str) -> str:
        """Add a piece; return the text that can be released now."""
        self._held += piece
        out = []
        while (end := self._find_end()) > 0:
            block, self._held = self._held[:end], self._held[end:]
            out.append(self._redact_block(block))
        while len(self._held) > self._longest:
            out.append(self._cut())
        return "".join(out)

    def close(self) -> str:
        """Return the rest of the text."""
        block, self._held = self._held, ""
        return (
            "".join(self._redact_block(line) for line in block.splitlines(keepends=True))
            if (self._in_key)
            else self._redact_block(block)
        )

    def _find_end(self) -> int:
        """Return the end of the first complete lines; 0 if no line is complete."""
        end = self._held.find("\n") + 1
        if self._in_key:
            return end
        start = 0
        while end and can_continue(self._held[start : end - 1]):
            start, end = end, self._held.find("\n", end) + 1
        return end

    def _redact_block(self, block: str) -> str:
        if self._in_key:
            block = unfold(block)
            ended = _private_keys.ENDS.search(block)
            if not ended and _private_keys.LINE.fullmatch(block):
                return ""
            self._in_key = False
            if ended:
                block = block[ended.end() :]
                if not block.strip():
                    return ""
        begun = _private_keys.find_open_key(block)
        if begun is None and not block.isascii():
            block = block if _private_keys.find_open_key(unfold(block)) is None else unfold(block)
            begun = _private_keys.find_open_key(block)
        if begun is None:
            return redact(block)
        self._in_key = True
        return redact(block[:begun]) + mark("private_key") + ("\n" if block.endswith("\n") else "")

    def _cut(self) -> str:
        """Release a part of the held text at a cut that no secret spans; withhold all if there
        is none.
        """
        redacted = redact(self._held)
        for place in self._iterate_cut_places():
            first, rest = self._held[:place], self._held[place:]
            if redact(first) + redact(rest) == redacted:
                self._held = rest
                return self._redact_block(first)
        self._held = ""
        return mark("unbroken")

    def _iterate_cut_places(self) -> Iterator[int]:
        """Yield up to nine places to cut at, the best first."""
        step = self._longest // _STEPS
        for sign in "\n", " ", ",", "&":
            if (place := self._held.rfind(sign, 0, len(self._held) - step)) > 0:
                yield place + 1
        for back in range(1, 6):
            yield (len(self._held) - back * step) // 4 * 4


def redact_stream(lines: Iterable[str]) -> Iterator[str]:
    """Yield the redacted text of pieces as they come, including private keys and wrapped
    secrets.
    """
    redactor = StreamRedactor()
    for line in lines:
        if out := redactor.feed(line):
            yield out
    if out := redactor.close():
        yield out
