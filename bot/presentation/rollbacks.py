"""What people are asked and told of older versions that may be live again."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.live_items import ItemVersion, LiveItem, RollbackRequest
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_age, format_timestamp

_LABEL = 80
"""Characters of a button, by Discord."""
_LINE = 100
_NO_OTHER_VERSION = "Of {item} no other version is kept than v{version}, which is live."
_ASKED = "Which version of {item} should be live, in place of v{version}?"
_ONE = "Shall v{number} of {item} be live, in place of v{version}?"
_NO_MATCH = "No version of {item} fits that. v{version} is live; these are kept:"


def format_item(item: LiveItem) -> str:
    """Return an item as people read of it: `the persona`, `the skill x`."""
    if item.kind in ("persona", "config"):
        return "the persona" if item.kind == "persona" else "the configuration"
    return f"the {item.kind} `{escape_line(item.name, 80)}`"


def render_rollback_question(
    item: LiveItem, versions: Sequence[ItemVersion], *, is_matched: bool
) -> str:
    """Return the question about one item; a line for each version that may be meant."""
    if not versions:
        return _NO_OTHER_VERSION.format(item=format_item(item), version=item.version)
    form = _NO_MATCH if not is_matched else _ONE if len(versions) == 1 else _ASKED
    asked = form.format(item=format_item(item), version=item.version, number=versions[0].number)
    return "\n".join([asked, *(format_version(each) for each in versions)])


def render_item_question(request: RollbackRequest) -> str:
    """Return the question where several things may be meant; the buttons name them."""
    kinds = sorted({each.kind for each in request.items})
    what = f"{' or '.join(kinds)}s" if len(kinds) == 1 else "of these"
    return f"Which {what} should go back? Each button has the version before the one that is live."


def format_version(version: ItemVersion) -> str:
    """Return one version on a line: number, time, author, and what changed with it first."""
    changed = find_first_change(version.diff)
    told = f": `{escape_line(changed, _LINE).replace('`', '')}`" if changed else ""
    return f"- v{version.number}, {format_timestamp(version.at, 'f')}, {escape_line(version.author.summary, 60)}{told}"


def format_version_label(version: ItemVersion, now: datetime, item: LiveItem | None = None) -> str:
    """Return a button's label: number, time, author and what changed first; `item` names it too."""
    name = "" if item is None else f"{item.name[:30]} "
    parts = [f"{name}v{version.number}", format_age(version.at, now), version.author.summary]
    if changed := find_first_change(version.diff):
        parts.append(changed)
    label = " · ".join(" ".join(part.split()) for part in parts)
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"


def find_first_change(diff: str) -> str:
    """Return the first line that a unified diff adds, else the first that it takes away."""
    lines = [each for each in diff.splitlines() if not each.startswith(("+++", "---"))]
    for sign in "+-":
        for line in lines:
            if line.startswith(sign) and (said := line[1:].strip()):
                return said if sign == "+" else f"without: {said}"
    return ""


def describe_git_revert(item: LiveItem, newest: ItemVersion | None) -> str:
    """Return why code and settings have no older version live, and which way they go back."""
    if item.kind == "config":
        return (
            "Settings go back where they are kept: edit `data/config.yaml`, or `git revert` the "
            "commit that changed it. They say who may do what, so no version of them is swapped in."
        )
    told = f"{format_item(item)[:1].upper()}{format_item(item)[1:]} is code, and goes back as code does"
    way = "by a revert with its checks, which somebody ships."
    if newest is None:
        return f"{told}: {way}"
    at = f" at `{newest.commit[:7]}`" if newest.commit else ""
    by = f"v{newest.number}, which runs, came by {escape_line(newest.author.summary, 60)}{at}."
    return f"{told}: {way} {by}"
