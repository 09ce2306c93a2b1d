"""The name of a fault: one for all its failures, whatever the values were."""

import hashlib
import re
from collections.abc import Iterable

_READ_CHARS = 4000
_MAX_CHARS = 500
# In this order: what is more specific first. Each may leave placeholders that a later one keeps.
_VOLATILE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), placeholder)
    for pattern, placeholder in (
        (r"""(?<!\w)[bru]{0,2}"(?:[^"\\\n]|\\.)*"(?!\w)""", "<text>"),
        (r"""(?<!\w)[bru]{0,2}'(?:[^'\\\n]|\\.|(?<=\w)'(?=\w))*'(?!\w)""", "<text>"),
        (r"`[^`\n]*`", "<text>"),
        (r"\b[a-z][a-z0-9+.-]*://\S+", "<url>"),
        (
            r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
            "<time>",
        ),
        (r"\b\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?\b", "<time>"),
        (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "<n>"),
        (r"(?<!\w)[A-Za-z]:\\[^\s:*?<>|]+", "<path>"),
        (r"(?<![\w<])~?(?:/[\w.@+~%-]+)+/?", "<path>"),
        (r"(?<![\w<])\.{0,2}(?:[\w.@+~-]+/)+[\w@+~-]+\.\w+", "<path>"),
        (r"(?<![\w.])[-+]?\d+(?:\.\d+)?[eE][-+]\d+", "<n>"),
        (r"\b0[xX][0-9a-fA-F]+\b", "<n>"),
        (r"(?<![\w.])(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{7,}\b", "<n>"),
        (r"(?<![\w<.])[-+]?\d+(?:[.,_]\d+)*(?:[eE][-+]?\d+)?", "<n>"),
        (r"\d+", "<n>"),
        (r"(<\w+>)(?:,\s*\1)+", r"\1"),
    )
)


def mask_message(message: str) -> str:
    """Return a message with numbers, ids, times, paths and quoted text replaced by placeholders."""
    text = message[:_READ_CHARS]
    for pattern, placeholder in _VOLATILE:
        text = pattern.sub(placeholder, text)
    return " ".join(text.split())[:_MAX_CHARS]


def compute_fingerprint(exception: str, places: Iterable[str], message: str) -> str:
    """Return 12 hexadecimal characters naming a fault.

    `places` are the project's frames as `file:function`, without lines, outermost first; one met
    again (recursion) counts once. Edits elsewhere in a file and other values keep the fingerprint.
    """
    lines = (exception, *dict.fromkeys(places), mask_message(message))
    return hashlib.sha256("\n".join(lines).encode(errors="backslashreplace")).hexdigest()[:12]


def group_fingerprint(children: Iterable[str]) -> str:
    """Return the fingerprint of failures that came together, independent of their order.

    If all have the same fingerprint, it is returned, because it is one fault that happened several
    times.
    """
    distinct = sorted(set(children))
    if len(distinct) == 1:
        return distinct[0]
    return hashlib.sha256("\n".join(("group", *distinct)).encode()).hexdigest()[:12]
