"""Pages from templates: whatever is put into one passes `shown`, then Jinja's escaping.

Templates are read once, when an environment is made: the bot may replace its own files while it
runs, and pages go with the code that fills them.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined, Template, nodes
from markupsafe import Markup

from bot.redaction import redact

# Control characters, and those that turn the order of what follows around or that nobody sees.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_SHORTEST_SECRET = 8  # of fewer characters, standing alone, nothing tells what they are
# What makes markup of text or joins the two (then it is neither redacted nor escaped any more),
# or turns escaping off.
_UNSAFE = (
    nodes.Concat, nodes.Add, nodes.Mod, nodes.Mul, nodes.FilterBlock,
    nodes.EvalContextModifier, nodes.ScopedEvalContextModifier, nodes.MarkSafe,
    nodes.MarkSafeIfAutoescape,
)  # fmt: skip


class Verbatim(str):
    """Text that is escaped and not redacted: it was already, or programs need it whole."""

    __slots__ = ()


class UnsafeTemplate(Exception):
    """A template does what would let text past the redaction or the escaping."""


def format_value(value: object) -> str:
    """Return a value as it is shown, before escaping: redacted, without odd characters.

    Markup is what macros made, of values that came through here; `None` is nothing.
    """
    if isinstance(value, Markup):
        return value
    if value is None:
        return ""
    text = str(value)
    if len(text) >= _SHORTEST_SECRET and not isinstance(value, Verbatim):
        text = redact(text)
    if text.isascii() and text.isprintable():
        return text
    return _ODD.sub("\N{REPLACEMENT CHARACTER}", text)


def redact_lines(text: str) -> list[Verbatim]:
    """Return a text line by line; it is redacted as a whole, as a key goes over several."""
    return [Verbatim(line) for line in redact(text).split("\n")]


def redact_spans(text: str) -> list[list[tuple[bool, Verbatim]]]:
    """Return a text's lines that say something, as spans; true marks what stood in `backticks`."""
    return [_split_spans(line) for line in redact_lines(text) if line.strip()]


def _split_spans(line: str) -> list[tuple[bool, Verbatim]]:
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return [(False, Verbatim(line))]
    return [(bool(place % 2), Verbatim(part)) for place, part in enumerate(parts) if part]


class Templates:
    """The templates of a folder, with what they may call: `filters`, `functions` and `tests`.

    Of Jinja's own filters there are `length` and `capitalize` alone. Raises `UnsafeTemplate`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        filters: Mapping[str, Callable[..., object]] | None = None,
        functions: Mapping[str, object] | None = None,
        tests: Mapping[str, Callable[..., bool]] | None = None,
    ) -> None:
        sources = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.html"))}
        self._environment = Environment(
            loader=DictLoader(sources),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=format_value,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        own = self._environment.filters
        self._environment.filters = {name: own[name] for name in ("length", "capitalize")}
        self._environment.filters |= {"spans": redact_spans, **(filters or {})}
        self._environment.globals = dict(functions or {})
        self._environment.tests |= tests or {}
        for source in sources.values():
            _check(source)

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """Return a page. Raises jinja2's `UndefinedError` for what the template misses."""
        return self._environment.get_template(name).render(values)

    def from_text(self, source: str) -> Template:
        """Return a template that is no file."""
        _check(source)
        return self._environment.from_string(source)


@lru_cache(maxsize=256)
def _check(source: str) -> None:
    """Refuse what lets text past; a template that passed is not read again."""
    # Which node is which does not depend on an environment's settings.
    node = next(iter(Environment(autoescape=True).parse(source).find_all(_UNSAFE)), None)
    if node is not None:
        raise UnsafeTemplate(f"line {node.lineno}: {type(node).__name__}")
