"""Skills in the open Agent Skills format: parsed, validated, offered to models, and counted."""

from bot.skills.catalogue import MOST_FILES, build_skill, build_skills
from bot.skills.library import SkillLibrary, build_event_name
from bot.skills.manifest import find_name_error, parse_skill

__all__ = [
    "MOST_FILES",
    "SkillLibrary",
    "build_event_name",
    "build_skill",
    "build_skills",
    "find_name_error",
    "parse_skill",
]
