"""What people are told of skills, by a command or in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import PartMissing, UnknownItem
from bot.domain.live_items import ItemName, ItemVersion, LiveItem
from bot.domain.people import Person
from bot.domain.skill import Skill
from bot.grammar.likeness import words
from bot.presentation.skills import DAYS, skill_lines, skill_told


class SkillShown(NamedTuple):
    """One skill as people see it: what is said of it, its text, and what changed in it last."""

    lines: list[str]
    text: str
    diff: str


async def skills_lines(bot: TheseusClient, person: Person) -> list[str]:
    """Return every skill, its version, and how it is used. Raises `NotAuthorized`, `PortError`."""
    items = await _items(bot, person)
    skills = bot.skills.current()
    uses = await bot.skills.uses([each.name for each in skills.skills], _since(bot))
    return skill_lines(skills, items, uses, model=bot.chat_model is not None)


async def skill_shown(bot: TheseusClient, person: Person, name: str, number: int = 0) -> SkillShown:
    """Return one skill, or the text of a kept version of it.

    Raises `UnknownItem`, naming those there are; `NotAuthorized`, `PortError`.
    """
    items = await _items(bot, person)
    skill = bot.skills.current().find(name)
    if skill is None:
        there = ", ".join(f"`{each.name}`" for each in bot.skills.current().skills) or "none"
        refused = next((each for each in bot.skills.current().refused if each.name == name), None)
        if refused is not None:
            raise UnknownItem(f"`{name}` is refused: {refused.reason}")
        raise UnknownItem(f"There is no skill `{name[:60]}`. There are: {there}.")
    versions = await _versions(bot, person, skill, items)
    uses = await bot.skills.uses([name], _since(bot))
    lines = skill_told(skill, items.get(name), versions, uses.get(name))
    text = await bot.agent.live_items.text(person, "skill", name, number) if number else skill.text
    shown = next((each for each in versions if number in (0, each.number)), None)
    return SkillShown(lines, text, shown.diff if shown else "")


async def skills_asked(bot: TheseusClient, person: Person, subject: str) -> list[str]:
    """Return the skill that is asked about, with its text; all of them where none is meant.

    Raises `NotAuthorized`, `PortError`.
    """
    name = _meant(subject, [each.name for each in bot.skills.current().skills])
    if not name:
        return await skills_lines(bot, person)
    shown = await skill_shown(bot, person, name)
    return [*shown.lines, f"`/skills show name:{name}` has all of it.", *shown.text.splitlines()]


def _meant(subject: str, names: Sequence[str]) -> str:
    """Return the name that shares most with what is said, "triage" with `triaging-a-failure`."""
    said = words(subject)
    shared = {name: len(said & words(name.replace("-", " "))) for name in names}
    best = max(names, key=lambda name: shared[name], default="")
    return best if best and shared[best] else ""


def live_names(bot: TheseusClient) -> tuple[ItemName, ...]:
    """Return what can change while the program runs, by name; nothing without a registry."""
    try:
        return bot.agent.live_items.names()
    except PartMissing:
        return ()


async def _items(bot: TheseusClient, person: Person) -> Mapping[str, LiveItem]:
    """Return what the live registry has of skills; nothing where there is none."""
    try:
        service = bot.agent.live_items
    except PartMissing:
        await bot.agent.permit(person, Act.READ)
        return {}
    return {each.name: each for each in await service.items(person, "skill")}


async def _versions(
    bot: TheseusClient, person: Person, skill: Skill, items: Mapping[str, LiveItem]
) -> tuple[ItemVersion, ...]:
    if skill.name not in items:
        return ()
    return (await bot.agent.live_items.versions(person, "skill", skill.name))[1]


def _since(bot: TheseusClient) -> datetime:
    return bot.clock.now() - timedelta(days=DAYS)
