"""Skills in the open Agent Skills format: read, checked, told of, and counted when used."""

from bot.skills.catalogue import MOST_FILES, skill_of, skills_of
from bot.skills.library import SkillLibrary, skill_event
from bot.skills.manifest import parse_skill, wrong_name

__all__ = [
    "MOST_FILES",
    "SkillLibrary",
    "parse_skill",
    "skill_event",
    "skill_of",
    "skills_of",
    "wrong_name",
]
