"""Builds a skill from the files of its folder. A skill with one invalid file is refused."""

from collections.abc import Mapping

from bot.domain.errors import ConfigError
from bot.domain.skill import (
    FOLDER,
    MANIFEST,
    SERVER_FILE,
    RefusedSkill,
    Skill,
    SkillSet,
    get_skill_name,
)
from bot.skills.manifest import has_hidden_characters, parse_skill
from bot.skills.server import parse_server

MOST_FILES = 40  # of one skill
_MOST_BYTES = 512_000  # of all files of one skill
_MOST_TEXT = 40_000  # characters of one file other than SKILL.md
_MOST_DEPTH = 4


def build_skill(name: str, files: Mapping[str, bytes]) -> Skill:
    """Return the skill with these files, given by their paths from the checkout's root.

    Raises `ConfigError`, whose message names the file, the line and the solution.
    """
    shown = f"{FOLDER}/{name}"
    if len(files) > MOST_FILES or sum(map(len, files.values())) > _MOST_BYTES:
        raise ConfigError(
            f"{shown}: a skill has at most {MOST_FILES} files, of {_MOST_BYTES:,} bytes in total: "
            "remove some."
        )
    for path in files:
        _refuse_depth(path)
    texts = {
        path.removeprefix(f"{shown}/"): _decode_text(path, data) for path, data in files.items()
    }
    if MANIFEST not in texts:
        raise ConfigError(
            f"{shown} has no {MANIFEST}: a skill is a folder with a file of exactly that name."
        )
    manifest = texts.pop(MANIFEST)
    if manifest is None:
        raise ConfigError(f"{shown}/{MANIFEST} is not UTF-8 text: save it as UTF-8.")
    skill = parse_skill(manifest, name, f"{shown}/{MANIFEST}", texts)
    if SERVER_FILE not in texts:
        return skill
    server = parse_server(texts[SERVER_FILE] or "", name, f"{shown}/{SERVER_FILE}")
    return skill.replace(server=server)


def build_skills(files: Mapping[str, str]) -> SkillSet:
    """Return the skills with these files, and the reasons for folders that are not valid skills.

    Files directly in `prompts/skills` belong to no skill.
    """
    by_name: dict[str, dict[str, bytes]] = {}
    for path, text in files.items():
        if name := get_skill_name(path):
            by_name.setdefault(name, {})[path] = text.encode()
    skills, refused = [], []
    for name, data in sorted(by_name.items()):
        try:
            skills.append(build_skill(name, data))
        except ConfigError as error:
            refused.append(RefusedSkill(name=name, reason=str(error)))
    return SkillSet(skills=tuple(skills), refused=tuple(refused))


def _refuse_depth(path: str) -> None:
    if path.count("/") - FOLDER.count("/") > _MOST_DEPTH + 2:
        raise ConfigError(f"{path}: folders may be at most {_MOST_DEPTH} deep: move it up.")


def _decode_text(path: str, data: bytes) -> str | None:
    """Return a file's text; `None` if it is not UTF-8. Raises `ConfigError`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if path.endswith(f"/{MANIFEST}") and path.count("/") == FOLDER.count("/") + 2:
        return text  # `parse_skill` checks it line by line
    if len(text) > _MOST_TEXT:
        raise ConfigError(
            f"{path} has {len(text):,} characters; at most {_MOST_TEXT:,} are allowed: split it."
        )
    for number, line in enumerate(text.split("\n"), 1):
        if has_hidden_characters(line.removesuffix("\r")):
            raise ConfigError(
                f"{path}, line {number}: there are invisible characters: remove them."
            )
    return text
