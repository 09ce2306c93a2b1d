"""What is said of skills: those there are, one of them, and what became of reading them again."""

from collections.abc import Iterator, Mapping, Sequence

from bot.domain.live_items import ItemVersion, LiveItem, ReloadResult
from bot.domain.skill import ROLES, RefusedSkill, Skill, SkillSet, SkillUse
from bot.presentation.counts import format_list, format_times
from bot.presentation.markdown import escape_line
from bot.presentation.rollbacks import format_item
from bot.presentation.times import format_timestamp

DAYS = 30
"""Over which uses are counted."""

_DESCRIPTION = 160
_REASON = 400
_MAX_ITEMS = 15
_NONE = (
    "There are no skills: nothing lies in `prompts/skills`. `theseus new skill NAME` begins one; "
    "so does “learn to …”, where a model writes changes."
)
_OFFLINE = "Nobody reads them here: there is no model."


def list_skill_lines(
    skills: SkillSet,
    items: Mapping[str, LiveItem],
    uses: Mapping[str, SkillUse],
    *,
    model: bool = True,
) -> list[str]:
    """Return a line for each skill, and for each folder that is none; `items` are by their names.

    Without a `model` nobody reads them, which is said.
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
    """Return what is said of one skill; its text and the newest diff come as files beside it."""
    lines = [
        f"**{skill.name}**{_format_version_number(item)}: {escape_line(skill.summary, 1_200)}",
        f"-# {skill.path}",
    ]
    lines.append(f"Told to {_format_roles(skill)}; {_format_use(use)}.")
    if skill.allowed_tools:
        tools = ", ".join(f"`{escape_line(each, 60)}`" for each in skill.allowed_tools[:_MAX_ITEMS])
        lines.append(f"In use, a part has only {tools} of its own tools; it gives none.")
    if skill.files:
        files = ", ".join(f"`{escape_line(each, 80)}`" for each in list(skill.files)[:_MAX_ITEMS])
        lines.append(f"With {files}.")
    lines += _iterate_state_notes(item)
    lines += [format_version(each) for each in versions]
    return lines


def format_version(version: ItemVersion) -> str:
    """Return one version: its number, when it came, who wrote it, where and how large."""
    commit = f" at `{version.commit[:7]}`" if version.commit else ""
    return (
        f"- v{version.number}: {format_timestamp(version.at)} by {escape_line(version.author.summary, 60)}{commit}, "
        f"{version.size:,} bytes"
    )


def render_reload(result: ReloadResult) -> str:
    """Return what came of reading the files again."""
    if result.is_unchanged:
        return "Nothing has changed: all of it is live as it stands in the files."
    lines = [f"Live now: {_format_items(result.live)}."] if result.live else []
    if result.removed:
        lines.append(f"Gone with their files: {_format_items(result.removed)}.")
    lines += [
        f"⚠️ {format_item(each)} is refused, and {_describe_live_version(each)}: {escape_line(each.reason, _REASON)}"
        for each in result.refused
    ]
    if result.restart_needed:
        names = ", ".join(
            f"`{escape_line(each, 80)}`" for each in result.restart_needed[:_MAX_ITEMS]
        )
        lines.append(f"Only a restart takes on {names}.")
    return "\n".join(lines)


def describe_rollback(item: LiveItem) -> str:
    """Return what is said of a skill that was rolled back, or is as its file has it again."""
    if item.rolled_back is None:
        return f"`{item.name}` is live as its file has it, version {item.version}."
    return (
        f"`{item.name}` is version {item.version} from now on, in place of version "
        f"{item.rolled_back.number}. It stays so, over restarts too, until its file changes; the "
        "file is as it was. What is under way goes on with what it began with."
    )


def _format_skill(skill: Skill, item: LiveItem | None, use: SkillUse | None) -> str:
    told = escape_line(skill.description.split(". ")[0], _DESCRIPTION)
    state = "".join(f" {each}" for each in _iterate_state_notes(item))
    return f"- `{skill.name}`{_format_version_number(item)}, {_format_roles(skill)}; {_format_use(use)}: {told}{state}"


def _format_version_number(item: LiveItem | None) -> str:
    return f" v{item.version}" if item and item.version else ""


def _format_roles(skill: Skill) -> str:
    return "everybody" if set(skill.roles) == set(ROLES) else ", ".join(skill.roles)


def _format_use(use: SkillUse | None) -> str:
    if use is None:
        return "nobody counts its uses"
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
        yield f"⚠️ What its file holds is refused, and {_describe_live_version(item)}: {escape_line(item.reason, _REASON)}"


def _describe_live_version(item: LiveItem) -> str:
    return f"v{item.version} stays" if item.version else "none of it is live"


def _format_refused_skill(refused: RefusedSkill, item: LiveItem | None) -> str:
    name = escape_line(refused.name, 80) or "the folder"
    return f"- ⚠️ `{name}`{_format_version_number(item)} is refused: {escape_line(refused.reason, _REASON)}"


def _format_refused_item(item: LiveItem) -> str:
    """Return a line for what the registry has and no reader took: refused from the beginning."""
    return f"- ⚠️ `{escape_line(item.name, 80)}` is refused: {escape_line(item.reason, _REASON)}"


def _format_items(items: Sequence[LiveItem]) -> str:
    return format_list([f"{format_item(each)} v{each.version}" for each in items], _MAX_ITEMS)
