"""Writes the file of a new skill: its purpose, and the outline of its text."""

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

Describe how this is done here, for someone who knows the craft but not this project.

1. The first step, with its command or tool in `backticks`.
2. The next step.

## Common mistakes

- What often goes wrong, and how to notice it.

## What not to do

- Name the reason too.
""")


@dataclass(frozen=True)
class NewSkill:
    """A skill to create: its name, its purpose, and the model roles that see it."""

    name: str
    does: str
    roles: tuple[str, ...] = ROLES

    @property
    def path(self) -> str:
        """The path of its file in the checkout."""
        return f"{FOLDER}/{self.name}/{MANIFEST}"


def write_skill(skill: NewSkill, root: Path) -> str:
    """Write the skill into a checkout, and return its path.

    Raises `ConfigError` and writes nothing if the name, the roles or the description are invalid,
    if the skill exists already, or if `root` is not a checkout.
    """
    if not (root / "prompts").is_dir():
        raise ConfigError(f"{root} has no prompts/: run `theseus new skill` in the bot's checkout.")
    if problem := find_name_error(skill.name):
        raise ConfigError(f"NAME {problem}.")
    if unknown := [each for each in skill.roles if each not in ROLES]:
        known = ", ".join(ROLES)
        raise ConfigError(f"--roles: {unknown[0][:40]!r} is not a role; the roles are {known}.")
    if not skill.roles:
        raise ConfigError(f"--roles is empty; the roles are {', '.join(ROLES)}.")
    _validate_description(skill.does)
    if (root / FOLDER / skill.name).exists():
        raise ConfigError(f"{FOLDER}/{skill.name} exists already; nothing was written.")
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
        raise ConfigError(
            "--does: describe in up to 1024 characters what the skill is for, and when to use it."
        )
    if not does.isprintable():
        raise ConfigError("--does: it must be one line, without invisible characters.")
    if ": " in does or " #" in does or does[0] in "[]{}>|*&!%@`'\"-?:,#" or does.endswith(":"):
        raise ConfigError(
            f"--does {does[:60]!r}: remove colons, # and signs before the first word; they have a "
            "meaning in YAML."
        )
