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
from theseus_observe.redaction import redact

# Control characters, invisible characters, and those that change the direction of text.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_SHORTEST_SECRET = 8  # a shorter text cannot be recognised as a secret
# Filters that turn text into markup, which is neither redacted nor escaped, or that turn escaping
# off.
_UNSAFE = (
    nodes.Concat, nodes.Add, nodes.Mod, nodes.Mul, nodes.FilterBlock,
    nodes.EvalContextModifier, nodes.ScopedEvalContextModifier, nodes.MarkSafe,
    nodes.MarkSafeIfAutoescape,
)  # fmt: skip


class Verbatim(str):
    """Text that is escaped but not redacted: it was redacted before, or programs need it as is."""

    __slots__ = ()


class UnsafeTemplate(Exception):
    """A template does what would let text past the redaction or the escaping."""


def format_value(value: object) -> str:
    """Return a value as shown text before escaping: redacted, without control characters.

    Markup is returned unchanged, because macros made it from values that passed through here.
    `None` becomes an empty string.
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
    """Return the lines of a text. It is redacted before it is split, as a key can span lines."""
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
