"""Answers about skills: the list, one skill, and the result of a reload or rollback."""

from collections.abc import Iterator, Mapping, Sequence

from bot.domain.live_items import ItemVersion, LiveItem, ReloadResult
from bot.domain.skill import ROLES, RefusedSkill, Skill, SkillSet, SkillUse
from bot.presentation.counts import format_list, format_times
from bot.presentation.markdown import escape_line
from bot.presentation.rollbacks import format_item
from bot.presentation.times import format_timestamp

DAYS = 30
"""The period in which uses are counted."""

_DESCRIPTION = 160
_REASON = 400
_MAX_ITEMS = 15
_NONE = (
    "There are no skills: `prompts/skills` is empty. `theseus new skill NAME` creates one; where a "
    "model writes changes, you can also say “learn to …”."
)
_OFFLINE = "No one reads them here: there is no model."


def list_skill_lines(
    skills: SkillSet,
    items: Mapping[str, LiveItem],
    uses: Mapping[str, SkillUse],
    *,
    model: bool = True,
) -> list[str]:
    """Return a line for each skill, and for each folder that was refused; `items` are by name.

    Without a `model`, the first line says that the skills are not read.
    """
    lines = [
        _format_skill(skill, items.get(skill.name), uses.get(skill.name)) for skill in skills.skills
    ]
    shown = {skill.name for skill in skills.skills}
    refused = [each for each in skills.refused if each.name not in shown]
    lines += [_format_refused_skill(each, items.get(each.name)) for each in refused]
    shown |= {each.name for each in refused}
    lines += [_format_refused_item(item) for name, item in items.items() if name not in shown]
    if not lines:
        return [_NONE]
    return [*([] if model else [_OFFLINE]), *lines]


def render_skill(
    skill: Skill,
    item: LiveItem | None,
    versions: Sequence[ItemVersion],
    use: SkillUse | None,
) -> list[str]:
    """Return the lines about one skill; its text and newest diff are attached as files."""
    lines = [
        f"**{skill.name}**{_format_version_number(item)}: {escape_line(skill.summary, 1_200)}",
        f"-# {skill.path}",
    ]
    lines.append(f"Available to {_format_roles(skill)}; {_format_use(use)}.")
    if skill.allowed_tools:
        tools = ", ".join(f"`{escape_line(each, 60)}`" for each in skill.allowed_tools[:_MAX_ITEMS])
        lines.append(
            f"While it is in use, a role has only {tools} of its own tools. The skill adds none."
        )
    if skill.files:
        files = ", ".join(f"`{escape_line(each, 80)}`" for each in list(skill.files)[:_MAX_ITEMS])
        lines.append(f"With {files}.")
    lines += _iterate_state_notes(item)
    lines += [format_version(each) for each in versions]
    return lines


def format_version(version: ItemVersion) -> str:
    """Return one version: its number, time, author, commit and size."""
    commit = f" at `{version.commit[:7]}`" if version.commit else ""
    return (
        f"- v{version.number}: {format_timestamp(version.at)} by "
        f"{escape_line(version.author.summary, 60)}{commit}, "
        f"{version.size:,} bytes"
    )


def render_reload(result: ReloadResult) -> str:
    """Return the result of reloading the files."""
    if result.is_unchanged:
        return "Nothing has changed: what is live matches the files."
    lines = [f"Live now: {_format_items(result.live)}."] if result.live else []
    if result.removed:
        lines.append(f"Removed with their files: {_format_items(result.removed)}.")
    lines += [
        (
            f"⚠️ {format_item(each)} is refused, and {_describe_live_version(each)}: "
            f"{escape_line(each.reason, _REASON)}"
        )
        for each in result.refused
    ]
    if result.restart_needed:
        names = ", ".join(
            f"`{escape_line(each, 80)}`" for each in result.restart_needed[:_MAX_ITEMS]
        )
        lines.append(f"These need a restart: {names}.")
    return "\n".join(lines)


def describe_rollback(item: LiveItem) -> str:
    """Return the answer after a skill was rolled back, or follows its file again."""
    if item.rolled_back is None:
        return f"`{item.name}` is live as in its file, version {item.version}."
    return (
        f"`{item.name}` is version {item.version} from now on, instead of version "
        f"{item.rolled_back.number}. It stays at this version, also after restarts, until its file "
        "changes. The file itself is unchanged. Running work keeps the version it started with."
    )


def _format_skill(skill: Skill, item: LiveItem | None, use: SkillUse | None) -> str:
    description = escape_line(skill.description.split(". ")[0], _DESCRIPTION)
    state = "".join(f" {each}" for each in _iterate_state_notes(item))
    return (
        f"- `{skill.name}`{_format_version_number(item)}, {_format_roles(skill)}; "
        f"{_format_use(use)}: {description}{state}"
    )


def _format_version_number(item: LiveItem | None) -> str:
    return f" v{item.version}" if item and item.version else ""


def _format_roles(skill: Skill) -> str:
    return "everyone" if set(skill.roles) == set(ROLES) else ", ".join(skill.roles)


def _format_use(use: SkillUse | None) -> str:
    if use is None:
        return "its uses are not counted"
    if use.last_at is None:
        return f"not read in {DAYS} days"
    return (
        f"read {format_times(use.count)} in {DAYS} days, last {format_timestamp(use.last_at, 'R')}"
    )


def _iterate_state_notes(item: LiveItem | None) -> Iterator[str]:
    if item is None:
        return
    if item.rolled_back is not None:
        by = escape_line(item.rolled_back.by.summary, 60)
        yield (
            f"↩️ Rolled back from v{item.rolled_back.number} by {by} "
            f"{format_timestamp(item.rolled_back.at, 'R')}, until its file changes."
        )
    if item.state == "refused":
        yield (
            f"⚠️ Its file is refused, and {_describe_live_version(item)}: "
            f"{escape_line(item.reason, _REASON)}"
        )


def _describe_live_version(item: LiveItem) -> str:
    return f"v{item.version} stays" if item.version else "none of it is live"


def _format_refused_skill(refused: RefusedSkill, item: LiveItem | None) -> str:
    name = escape_line(refused.name, 80) or "the folder"
    return (
        f"- ⚠️ `{name}`{_format_version_number(item)} is refused: "
        f"{escape_line(refused.reason, _REASON)}"
    )


def _format_refused_item(item: LiveItem) -> str:
    """Return a line for an item that was refused from the beginning."""
    return f"- ⚠️ `{escape_line(item.name, 80)}` is refused: {escape_line(item.reason, _REASON)}"


def _format_items(items: Sequence[LiveItem]) -> str:
    return format_list([f"{format_item(each)} v{each.version}" for each in items], _MAX_ITEMS)
