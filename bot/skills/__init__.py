"""Skills in the open Agent Skills format: read, checked, told of, and counted when used."""

from bot.skills.catalogue import read_skill, read_skills, skill_of
from bot.skills.library import SkillLibrary, skill_event
from bot.skills.manifest import parse_skill, wrong_name

__all__ = [
    "SkillLibrary",
    "parse_skill",
    "read_skill",
    "read_skills",
    "skill_event",
    "skill_of",
    "wrong_name",
]
