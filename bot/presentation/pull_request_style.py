"""How a repository's people write pull requests: title, length, and their own template."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.presentation.title_style import StyleTitle, keep_title

ReadFile = Callable[[str], Awaitable[str | None]]
"""Returns the text of a committed file, or `None`."""
StyleBody = Callable[[str], Awaitable[str]]
"""Returns a body in the form that the repository asks for."""

_TEMPLATES = tuple(
    f"{folder}{name}.md"
    for folder in (".github/", "", "docs/")
    for name in ("pull_request_template", "PULL_REQUEST_TEMPLATE")
)
_LONGEST = 10_000
_COMMENT = re.compile(r"<!--.*?-->[ \t]*\n?", re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(?P<text>.+?) *#*$", re.MULTILINE)
_TESTED = re.compile(r"\btest(?:s|ed|ing)?\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:description|summary|overview|about|changes?|what|why|motivation)\b", re.IGNORECASE
)


async def keep_body(body: str) -> str:
    """Return the body as it is."""
    return body


@dataclass(frozen=True)
class PullRequestStyle:
    """Holds the style of a repository; the default is that of Theseus itself.

    `is_short` leaves out what only its own team reads.
    """

    title: StyleTitle = keep_title
    body: StyleBody = keep_body
    is_short: bool = False


@dataclass(frozen=True, eq=False)
class BodyTemplate:
    """Fills in the template that a repository has for pull requests, if it has one."""

    read: ReadFile

    async def __call__(self, body: str) -> str:
        """Return the body under the headings of their template."""
        for path in _TEMPLATES:
            template = await self.read(path)
            if template and len(template) <= _LONGEST:
                return fill_template(template, body)
        return body


def fill_template(template: str, body: str) -> str:
    """Return a template with the body in it, and what was tested under its own heading.

    Checklists stay as they are: a person ticks them. Without a fitting heading, the body comes
    first.
    """
    about, _, tested = body.partition("\n## How it was tested\n")
    parts = _split(_COMMENT.sub("", template))
    places = [_choose_part(heading) for heading, _ in parts]
    if "about" not in places:
        return f"{body.rstrip()}\n\n{_COMMENT.sub('', template).strip()}\n"
    if "tested" not in places:
        about, tested = body, ""
    left = {"about": about.strip(), "tested": tested.strip()}
    lines = []
    for place, (heading, text) in zip(places, parts, strict=True):
        lines += [heading, left.pop(place, "") or text]
    return "\n\n".join(filter(None, (line.strip() for line in lines))) + "\n"


def _split(template: str) -> list[tuple[str, str]]:
    """Return the headings with the text below each; what comes first has no heading."""
    found = list(_HEADING.finditer(template))
    starts = [each.start() for each in found]
    first = template[: starts[0]] if starts else template
    ends = [*starts[1:], *([len(template)] if starts else [])]
    below = [template[each.end() : end] for each, end in zip(found, ends, strict=True)]
    return [("", first), *((each[0], text) for each, text in zip(found, below, strict=True))]


def _choose_part(heading: str) -> str:
    if _TESTED.search(heading):
        return "tested"
    return "about" if heading and _ABOUT.search(heading) else ""
