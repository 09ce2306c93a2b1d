"""The skills below a folder, as the live registry finds them at a look."""

from pathlib import Path

from bot.domain.skill import RefusedSkill, Skill, SkillSet
from bot.hot_reload.catalog import Catalog, Unreadable
from bot.hot_reload.look import look_at
from bot.hot_reload.validation import Validation


def load_skills(root: Path) -> SkillSet:
    """Return what may go live, and why the others may not."""
    validation = Validation()
    skills: list[Skill] = []
    refused: list[RefusedSkill] = []
    for key, (_, read) in look_at(Catalog(root)).items():
        if key[0] != "skill":
            continue
        reason = read.reason if isinstance(read, Unreadable) else validation(key, read)
        if reason:
            refused.append(RefusedSkill(name=key[1], reason=reason))
        elif not isinstance(read, Unreadable):
            skills.append(read.get_skill(key[1]))
    return SkillSet(skills=tuple(skills), refused=tuple(refused))
