"""Questions and answers about older versions that can be made live again."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.live_items import ItemVersion, LiveItem, RollbackRequest
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_age, format_timestamp

_LABEL = 80
"""The most characters of a button's label, by Discord."""
_LINE = 100
_NO_OTHER_VERSION = "I have no version of {item} other than v{version}, which is live."
_ASKED = "Which version of {item} should be live instead of v{version}?"
_ONE = "Shall I make v{number} of {item} live instead of v{version}?"
_NO_MATCH = "No version of {item} matches that. v{version} is live. I also have these versions:"


def format_item(item: LiveItem) -> str:
    """Return an item's name for people: `the persona`, `the skill x`."""
    if item.kind in ("persona", "config"):
        return "the persona" if item.kind == "persona" else "the configuration"
    return f"the {item.kind} `{escape_line(item.name, 80)}`"


def render_rollback_question(
    item: LiveItem, versions: Sequence[ItemVersion], *, is_matched: bool
) -> str:
    """Return the question about one item, with a line for each version that may match."""
    if not versions:
        return _NO_OTHER_VERSION.format(item=format_item(item), version=item.version)
    form = _NO_MATCH if not is_matched else _ONE if len(versions) == 1 else _ASKED
    asked = form.format(item=format_item(item), version=item.version, number=versions[0].number)
    return "\n".join([asked, *(format_version(each) for each in versions)])


def render_item_question(request: RollbackRequest) -> str:
    """Return the question if several items may match; the buttons name them."""
    kinds = sorted({each.kind for each in request.items})
    what = f"{' or '.join(kinds)}s" if len(kinds) == 1 else "of these"
    return f"Which {what} should I roll back? Each button restores the version before the live one."


def format_version(version: ItemVersion) -> str:
    """Return one version on a line: number, time, author and its first change."""
    changed = find_first_change(version.diff)
    change = f": `{escape_line(changed, _LINE).replace('`', '')}`" if changed else ""
    return (
        f"- v{version.number}, {format_timestamp(version.at, 'f')}, "
        f"{escape_line(version.author.summary, 60)}{change}"
    )


def format_version_label(version: ItemVersion, now: datetime, item: LiveItem | None = None) -> str:
    """Return a button's label: number, time, author and first change; `item` adds its name."""
    name = "" if item is None else f"{item.name[:30]} "
    parts = [f"{name}v{version.number}", format_age(version.at, now), version.author.summary]
    if changed := find_first_change(version.diff):
        parts.append(changed)
    label = " · ".join(" ".join(part.split()) for part in parts)
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"


def find_first_change(diff: str) -> str:
    """Return the first line that a unified diff adds, or else the first line that it removes."""
    lines = [each for each in diff.splitlines() if not each.startswith(("+++", "---"))]
    for sign in "+-":
        for line in lines:
            if line.startswith(sign) and (text := line[1:].strip()):
                return text if sign == "+" else f"without: {text}"
    return ""


def describe_git_revert(item: LiveItem, newest: ItemVersion | None) -> str:
    """Return why code and settings cannot be rolled back here, and what to do instead."""
    if item.kind == "config":
        return (
            "To restore earlier settings, edit `data/config.yaml`, or `git revert` the commit that "
            "changed it. I do not roll back settings, because they say who may do what."
        )
    statement = f"{format_item(item)[:1].upper()}{format_item(item)[1:]} is code"
    way = "I propose a revert with its checks, and someone ships it."
    if newest is None:
        return f"{statement}: {way}"
    at = f" at `{newest.commit[:7]}`" if newest.commit else ""
    by = (
        f"The running version, v{newest.number}, came from "
        f"{escape_line(newest.author.summary, 60)}{at}."
    )
    return f"{statement}: {way} {by}"
