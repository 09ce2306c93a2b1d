"""Finds the files that people name in a request."""

import re
from collections.abc import Iterable

from bot.domain.history import History
from bot.domain.run import Run

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
_NAME = re.compile(r"(?<![\w./-])(?:\./)?((?:[\w.-]+/)*[\w-]*\.?[\w-]+(?:\.[\w-]+)*)(?![\w/])")


def find_file_names(texts: Iterable[str]) -> frozenset[str]:
    """Return the files that people name in their own text: by path, or by name and extension.

    Quoted lines and fenced blocks are left out, because they may be another author's text.
    """
    found: set[str] = set()
    for text in texts:
        own_text = _QUOTED.sub("", _FENCED.sub("", text)).replace("`", " ").replace("\\", "/")
        found.update(name.rstrip(".") for name in _NAME.findall(own_text))
    return frozenset(name for name in found if "/" in name or "." in name)


def collect_named_files(run: Run, history: History) -> frozenset[str]:
    """Return the files that people named to the bot in chat.

    Text of a message or an incident that they only referred to does not count, because others may
    have written it; nor do reviews at the forge, which are not addressed to the bot, nor comments
    on lines, whose files the change has chosen. A run stores only listed people's text.
    """
    request = [run.trigger.text] if run.trigger.is_verbatim else []
    items = history.instructions.items if history.instructions else ()
    named = (item.text for item in items if item.how not in ("review", "page"))
    return find_file_names([*request, *named])
