"""The file of a new skill: what it is for, and the outline of its text."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

from bot.domain.errors import ConfigError
from bot.domain.skill import FOLDER, MANIFEST, ROLES
from bot.skills import parse_skill
from bot.skills.manifest import find_name_error

_SKILL = Template("""\
---
name: $name
description: $does
when_to_use: For "what people say when they want this".
metadata:
  theseus-roles: $roles
---
# $title

Write down how this is done here, for somebody who knows the trade and not this house.

1. The first thing to do, with the command or the tool it takes, in `backticks`.
2. What to look at next.

## What to look out for

- What often goes wrong, and how it is noticed.

## What not to do

- And why.
""")


@dataclass(frozen=True)
class NewSkill:
    """A skill that is to be: its name, what it is for, and which parts of a model read it."""

    name: str
    does: str
    roles: tuple[str, ...] = ROLES

    @property
    def path(self) -> str:
        """Where it goes."""
        return f"{FOLDER}/{self.name}/{MANIFEST}"


def write_skill(skill: NewSkill, root: Path) -> str:
    """Write the skill into a checkout; return its path.

    Raises `ConfigError`, and writes nothing, where the name or the words will not do, where there
    is one of that name, and where this is no checkout.
    """
    if not (root / "prompts").is_dir():
        raise ConfigError(f"{root} has no prompts/: run `theseus new skill` in the bot's checkout.")
    if problem := find_name_error(skill.name):
        raise ConfigError(f"NAME {problem}.")
    if unknown := [each for each in skill.roles if each not in ROLES]:
        known = ", ".join(ROLES)
        raise ConfigError(f"--roles: there is no {unknown[0][:40]!r}; name some of {known}.")
    if not skill.roles:
        raise ConfigError(f"--roles names nobody; name some of {', '.join(ROLES)}.")
    _validate_description(skill.does)
    if (root / FOLDER / skill.name).exists():
        raise ConfigError(f"{FOLDER}/{skill.name} is there already; nothing was written.")
    text = _SKILL.substitute(
        name=skill.name,
        does=skill.does,
        roles=" ".join(skill.roles),
        title=skill.name.replace("-", " ").capitalize(),
    )
    parse_skill(text, skill.name, skill.path, {})
    place = root / skill.path
    place.parent.mkdir(parents=True)
    place.write_text(text, encoding="utf-8")
    return skill.path


def _validate_description(does: str) -> None:
    if not does.strip() or len(does) > 1_024:
        raise ConfigError("--does: say in up to 1024 characters what the skill is for, and when.")
    if not does.isprintable():
        raise ConfigError("--does: it is one line, without signs that nobody can see.")
    if ": " in does or " #" in does or does[0] in "[]{}>|*&!%@`'\"-?:,#" or does.endswith(":"):
        raise ConfigError(
            f"--does {does[:60]!r}: leave out colons, # and signs before the first word; they mean "
            "something in YAML."
        )
