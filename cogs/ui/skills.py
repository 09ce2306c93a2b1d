"""Answers about skills, for commands and messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.authority.authorizer import Authorizer
from bot.authority.live_items import LiveItemService
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import PartMissing, UnknownItem
from bot.domain.live_items import ItemVersion, LiveItem
from bot.domain.people import Person
from bot.domain.skill import Skill
from bot.grammar.likeness import extract_stems
from bot.presentation.skills import DAYS, list_skill_lines, render_skill


class SkillView(NamedTuple):
    """One skill for people: the lines about it, its text, and its newest diff."""

    lines: list[str]
    text: str
    diff: str


async def load_skill_lines(bot: TheseusClient, person: Person) -> list[str]:
    """Return a line for each skill: version and use. Raises `NotAuthorized`, `PortError`."""
    items = await _load_items(bot, person)
    skills = bot.skills.get_current()
    uses = await bot.skills.load_uses([each.name for each in skills.skills], _get_start_time(bot))
    return list_skill_lines(skills, items, uses, model=bot.chat_model is not None)


async def get_skill(bot: TheseusClient, person: Person, name: str, number: int = 0) -> SkillView:
    """Return one skill, or the text of a stored version of it.

    Raises `UnknownItem` (it lists the existing skills), `NotAuthorized` or `PortError`.
    """
    items = await _load_items(bot, person)
    skill = bot.skills.get_current().find(name)
    if skill is None:
        names = ", ".join(f"`{each.name}`" for each in bot.skills.get_current().skills) or "none"
        refused = next(
            (each for each in bot.skills.get_current().refused if each.name == name), None
        )
        if refused is not None:
            raise UnknownItem(f"`{name}` is refused: {refused.reason}")
        raise UnknownItem(f"There is no skill `{name[:60]}`. There are: {names}.")
    versions = await _load_versions(bot, person, skill, items)
    uses = await bot.skills.load_uses([name], _get_start_time(bot))
    lines = render_skill(skill, items.get(name), versions, uses.get(name))
    text = (
        await bot.provide(LiveItemService).read_text(person, "skill", name, number)
        if number
        else skill.text
    )
    shown = next((each for each in versions if number in (0, each.number)), None)
    return SkillView(lines, text, shown.diff if shown else "")


async def answer_skill_question(bot: TheseusClient, person: Person, subject: str) -> list[str]:
    """Return the skill that is asked about, with its text; all skills if none matches.

    Raises `NotAuthorized`, `PortError`.
    """
    name = _find_name(subject, [each.name for each in bot.skills.get_current().skills])
    if not name:
        return await load_skill_lines(bot, person)
    shown = await get_skill(bot, person, name)
    return [*shown.lines, f"`/skills show name:{name}` has all of it.", *shown.text.splitlines()]


def _find_name(subject: str, names: Sequence[str]) -> str:
    """Return the name that shares most words with the subject; "" if none shares one.

    For example, "triage" matches `triaging-a-failure`.
    """
    subject_stems = extract_stems(subject)
    shared = {name: len(subject_stems & extract_stems(name.replace("-", " "))) for name in names}
    best = max(names, key=lambda name: shared[name], default="")
    return best if best and shared[best] else ""


async def _load_items(bot: TheseusClient, person: Person) -> Mapping[str, LiveItem]:
    """Return the skills in the live registry, by name; empty without a registry."""
    try:
        service = bot.provide(LiveItemService)
    except PartMissing:
        await bot.provide(Authorizer).ask(person, Act.READ)
        return {}
    return {each.name: each for each in await service.list_items(person, "skill")}


async def _load_versions(
    bot: TheseusClient, person: Person, skill: Skill, items: Mapping[str, LiveItem]
) -> tuple[ItemVersion, ...]:
    if skill.name not in items:
        return ()
    return (await bot.provide(LiveItemService).list_versions(person, "skill", skill.name))[1]


def _get_start_time(bot: TheseusClient) -> datetime:
    return bot.clock.now() - timedelta(days=DAYS)
