"""What Python takes for code, for text and for remarks, line by line."""

import io
import keyword
import re
import tokenize
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from tokenize import TokenInfo
from typing import NamedTuple

from bot.guards._layout import Oddity

_SILENT = frozenset(
    {
        tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
        tokenize.ENCODING,
    }
)  # fmt: skip
_ENDS = frozenset({tokenize.NEWLINE, tokenize.NL})
_TRIPLE = re.compile(r"[a-zA-Z]{0,2}(?:'''|\"\"\")")
_ONLY_QUOTES = re.compile(r"\s*[a-zA-Z]{0,2}(?:'''|\"\"\")\s*")
_FIELD = re.compile(r"\{([^{}]*)\}")
_FAR = 40
# Letters of other alphabets that are drawn as Latin ones, each as the one it is drawn as.
DRAWN_ALIKE = dict(zip(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u04cf"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0405\u0406\u0408\u04ae"
    "\u03bf\u03bd\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0578\u057d\u0585\u0261\u0131",
    "aeopcyxijshdqwlABEKMHOPCTXSIJYovABEZHIKMNOPTYXnuogi",
    strict=True,
))  # fmt: skip


class SourceTokens(NamedTuple):
    """The tokens of a file. `ended` are the lines at which a line of Python ends, or a remark."""

    tokens: tuple[TokenInfo, ...]
    ended: frozenset[int]


def tokens_of(text: str) -> SourceTokens | None:
    """Return a file's tokens; `None` where it cannot be cut into any."""
    try:
        tokens = tuple(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return None
    return SourceTokens(tokens, frozenset(each.start[0] for each in tokens if each.type in _ENDS))


def unlike(words: SourceTokens, lines: Sequence[str]) -> Iterator[Oddity]:
    """Yield lines that look like text or a remark and run, or are pushed out of sight."""
    end = (1, 0)
    text: TokenInfo | None = None
    for token in words.tokens:
        if token.type in _SILENT:
            continue
        line, column = token.start
        if text and text.end[0] == line and _is_remark(lines[line - 1], text, token):
            yield Oddity(line, "looks like a remark, and runs")
        if line == end[0] and column - end[1] >= _FAR and token.type != tokenize.COMMENT:
            yield Oddity(line, "goes on far to the right, where nobody looks")
        if token.type == tokenize.STRING and token.start[0] != token.end[0]:
            text = token
            if not _TRIPLE.match(token.string):
                yield Oddity(line, "a text goes on in the next line without three quotes")
        end = token.end


def _is_remark(line: str, text: TokenInfo, token: TokenInfo) -> bool:
    """Whether a line that begins within a text seems to be a remark, and holds code behind it."""
    within = line.lstrip().startswith("#") and text.start[0] != text.end[0]
    return within and token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.STRING)


def look_alikes(words: SourceTokens, is_another: Callable[[str], bool]) -> Iterator[Oddity]:
    """Yield names all of whose letters are drawn like those of another name."""
    for token in words.tokens:
        for name in _names_in(token):
            drawn = "".join(
                DRAWN_ALIKE.get(each, each) for each in unicodedata.normalize("NFKC", name)
            )
            if drawn.isascii() and not is_another(name):
                same = " (a word of Python's)" if keyword.iskeyword(drawn) else ""
                yield Oddity(token.start[0], f"a name only looks like {drawn!a}{same}")


def _names_in(token: TokenInfo) -> Iterator[str]:
    """Yield the names of a token that are not plain ASCII, those within an f-string's too."""
    if token.string.isascii():
        return
    if token.type == tokenize.NAME:
        yield token.string
    elif token.type == tokenize.STRING and "f" in token.string[:2].lower():
        for field in _FIELD.findall(token.string):
            yield from (word for word in re.findall(r"\w+", field) if not word.isascii())


def swallowed(
    before: SourceTokens, after: SourceTokens, kept: Iterable[tuple[int, int]], lines: Sequence[str]
) -> list[int]:
    """Return the lines (as numbered afterwards) that stay, and are read otherwise than before."""
    was, now = _by_line(before), _by_line(after)
    text_was, text_now = _within_texts(before), _within_texts(after)
    return [
        new
        for old, new in kept
        if (was.get(old), text_was.get(old)) != (now.get(new), text_now.get(new))
        and new <= len(lines)
        and lines[new - 1].strip()
        and not _ONLY_QUOTES.fullmatch(lines[new - 1])
    ]


def _by_line(words: SourceTokens) -> dict[int, list[tuple[int, str]]]:
    """Return the tokens that begin on each line; of one over several lines the first."""
    found: dict[int, list[tuple[int, str]]] = {}
    for token in words.tokens:
        if token.type not in _SILENT:
            first = token.string.partition("\n")[0]
            found.setdefault(token.start[0], []).append((token.type, first))
    return found


class _Within(NamedTuple):
    """How Python reads a line that begins within a text: what of it runs, what its escapes are."""

    deep: int
    fields: bool
    escapes: str


def _within_texts(words: SourceTokens) -> dict[int, _Within]:
    """Return all lines that begin within a text, as far as its prefix changes how they are read."""
    found: dict[int, _Within] = {}
    for token in words.tokens:
        if token.type == tokenize.STRING and token.start[0] != token.end[0]:
            prefix = token.string.partition(token.string[-1])[0].lower()
            deep = 0
            for number, line in enumerate(token.string.split("\n"), token.start[0]):
                braces = line.replace("{{", "").replace("}}", "") if "f" in prefix else ""
                escapes = "".join(sorted(set(prefix) & {"r", "b"})) if "\\" in line else ""
                if number > token.start[0]:
                    found[number] = _Within(deep, "{" in braces or "}" in braces, escapes)
                deep += braces.count("{") - braces.count("}")
    return found
