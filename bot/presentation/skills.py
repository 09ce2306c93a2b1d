"""What is said of skills: those there are, one of them, and what became of reading them again."""

from collections.abc import Iterator, Mapping, Sequence

from bot.domain.live_items import ItemVersion, LiveItem, ReloadResult
from bot.domain.skill import ROLES, RefusedSkill, Skill, SkillSet, SkillUse
from bot.presentation.counts import rest_of, times_counted
from bot.presentation.markdown import words
from bot.presentation.rollbacks import item_told
from bot.presentation.times import moment

DAYS = 30
"""Over which uses are counted."""

_DESCRIPTION = 160
_REASON = 400
_SHOWN = 15
_NONE = (
    "There are no skills: nothing lies in `prompts/skills`. `theseus new skill NAME` begins one; "
    "so does “learn to …”, where a model writes changes."
)
_OFFLINE = "Nobody reads them here: there is no model."


def skill_lines(
    skills: SkillSet,
    items: Mapping[str, LiveItem],
    uses: Mapping[str, SkillUse],
    *,
    model: bool = True,
) -> list[str]:
    """Return a line for each skill, and for each folder that is none; `items` are by their names.

    Without a `model` nobody reads them, which is said.
    """
    lines = [_line(skill, items.get(skill.name), uses.get(skill.name)) for skill in skills.skills]
    shown = {skill.name for skill in skills.skills}
    refused = [each for each in skills.refused if each.name not in shown]
    lines += [_refused(each, items.get(each.name)) for each in refused]
    shown |= {each.name for each in refused}
    lines += [_left(item) for name, item in items.items() if name not in shown]
    if not lines:
        return [_NONE]
    return [*([] if model else [_OFFLINE]), *lines]


def skill_told(
    skill: Skill,
    item: LiveItem | None,
    versions: Sequence[ItemVersion],
    use: SkillUse | None,
) -> list[str]:
    """Return what is said of one skill; its text and the newest diff come as files beside it."""
    lines = [f"**{skill.name}**{_version(item)}: {words(skill.told, 1_200)}", f"-# {skill.path}"]
    lines.append(f"Told to {_roles(skill)}; {_used(use)}.")
    if skill.allowed_tools:
        tools = ", ".join(f"`{words(each, 60)}`" for each in skill.allowed_tools[:_SHOWN])
        lines.append(f"In use, a part has only {tools} of its own tools; it gives none.")
    if skill.files:
        files = ", ".join(f"`{words(each, 80)}`" for each in list(skill.files)[:_SHOWN])
        lines.append(f"With {files}.")
    lines += _state(item)
    lines += [version_line(each) for each in versions]
    return lines


def version_line(version: ItemVersion) -> str:
    """Return one version: its number, when it came, who wrote it, where and how large."""
    commit = f" at `{version.commit[:7]}`" if version.commit else ""
    return (
        f"- v{version.number}: {moment(version.at)} by {words(version.author.told, 60)}{commit}, "
        f"{version.size:,} bytes"
    )


def reloaded(result: ReloadResult) -> str:
    """Return what came of reading the files again."""
    if result.nothing_new:
        return "Nothing has changed: all of it is live as it stands in the files."
    lines = [f"Live now: {_items(result.live)}."] if result.live else []
    if result.removed:
        lines.append(f"Gone with their files: {_items(result.removed)}.")
    lines += [
        f"⚠️ {item_told(each)} is refused, and {_keeps(each)}: {words(each.reason, _REASON)}"
        for each in result.refused
    ]
    if result.restart_needed:
        names = ", ".join(f"`{words(each, 80)}`" for each in result.restart_needed[:_SHOWN])
        lines.append(f"Only a restart takes on {names}.")
    return "\n".join(lines)


def rolled_back(item: LiveItem) -> str:
    """Return what is said of a skill that was rolled back, or is as its file has it again."""
    if item.rolled_back is None:
        return f"`{item.name}` is live as its file has it, version {item.version}."
    return (
        f"`{item.name}` is version {item.version} from now on, in place of version "
        f"{item.rolled_back.number}. It stays so, over restarts too, until its file changes; the "
        "file is as it was. What is under way goes on with what it began with."
    )


def _line(skill: Skill, item: LiveItem | None, use: SkillUse | None) -> str:
    told = words(skill.description.split(". ")[0], _DESCRIPTION)
    state = "".join(f" {each}" for each in _state(item))
    return f"- `{skill.name}`{_version(item)}, {_roles(skill)}; {_used(use)}: {told}{state}"


def _version(item: LiveItem | None) -> str:
    return f" v{item.version}" if item and item.version else ""


def _roles(skill: Skill) -> str:
    return "everybody" if set(skill.roles) == set(ROLES) else ", ".join(skill.roles)


def _used(use: SkillUse | None) -> str:
    if use is None:
        return "nobody counts its uses"
    if use.last_at is None:
        return f"not read in {DAYS} days"
    return f"read {times_counted(use.count)} in {DAYS} days, last {moment(use.last_at, 'R')}"


def _state(item: LiveItem | None) -> Iterator[str]:
    if item is None:
        return
    if item.rolled_back is not None:
        by = words(item.rolled_back.by.told, 60)
        yield (
            f"↩️ Rolled back from v{item.rolled_back.number} by {by} "
            f"{moment(item.rolled_back.at, 'R')}, until its file changes."
        )
    if item.state == "refused":
        yield f"⚠️ What its file holds is refused, and {_keeps(item)}: {words(item.reason, _REASON)}"


def _keeps(item: LiveItem) -> str:
    return f"v{item.version} stays" if item.version else "none of it is live"


def _refused(refused: RefusedSkill, item: LiveItem | None) -> str:
    name = words(refused.name, 80) or "the folder"
    return f"- ⚠️ `{name}`{_version(item)} is refused: {words(refused.reason, _REASON)}"


def _left(item: LiveItem) -> str:
    """Return a line for what the registry has and no reader took: refused from the beginning."""
    return f"- ⚠️ `{words(item.name, 80)}` is refused: {words(item.reason, _REASON)}"


def _items(items: Sequence[LiveItem]) -> str:
    return rest_of([f"{item_told(each)} v{each.version}" for each in items], _SHOWN)
