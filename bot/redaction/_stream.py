"""Redaction of what arrives in pieces: nothing leaves before it is sure what it belongs to."""

from collections.abc import Iterable, Iterator

from bot.redaction import _private_keys
from bot.redaction._disguises import unfold
from bot.redaction._redact import redact
from bot.redaction._secret_shapes import mark
from bot.redaction._wrapped_lines import can_continue

LONGEST_HELD = 64_000  # characters kept back at most, for a line or wrapped lines without an end
_STEPS = 16  # a cut is tried so many times further back


class StreamRedactor:
    """Takes a text in pieces, cut anywhere, and gives it back redacted.

    Whole lines come out as soon as it is certain that they do not go on in the next one; lines of a
    private key are left out, with one mark in the line it begins in. `close` gives the rest. What
    has no end for `longest` characters is cut where the cut changes nothing, or withheld.
    """

    def __init__(self, *, longest: int = LONGEST_HELD) -> None:
        self._longest = longest
        self._held = ""
        self._in_key = False

    def feed(self, piece: str) -> str:
        """Take a piece; return what is certain by now."""
        self._held += piece
        out = []
        while (end := self._find_end()) > 0:
            block, self._held = self._held[:end], self._held[end:]
            out.append(self._redact_block(block))
        while len(self._held) > self._longest:
            out.append(self._cut())
        return "".join(out)

    def close(self) -> str:
        """Return what is left."""
        block, self._held = self._held, ""
        return (
            "".join(self._redact_block(line) for line in block.splitlines(keepends=True))
            if (self._in_key)
            else self._redact_block(block)
        )

    def _find_end(self) -> int:
        """Where the first lines end that are complete; 0 when they are not yet."""
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
        """Give up some of what is held, where no secret stands over the cut."""
        whole = redact(self._held)
        for place in self._iterate_cut_places():
            first, rest = self._held[:place], self._held[place:]
            if redact(first) + redact(rest) == whole:
                self._held = rest
                return self._redact_block(first)
        self._held = ""
        return mark("unbroken")

    def _iterate_cut_places(self) -> Iterator[int]:
        """Places to cut at, the best first; at most nine."""
        step = self._longest // _STEPS
        for sign in "\n", " ", ",", "&":
            if (place := self._held.rfind(sign, 0, len(self._held) - step)) > 0:
                yield place + 1
        for back in range(1, 6):
            yield (len(self._held) - back * step) // 4 * 4


def redact_stream(lines: Iterable[str]) -> Iterator[str]:
    """Redact pieces of a text as they come, private keys and wrapped secrets included."""
    redactor = StreamRedactor()
    for line in lines:
        if out := redactor.feed(line):
            yield out
    if out := redactor.close():
        yield out
