"""Parses `SKILL.md`: front matter in the open Agent Skills format, and the text after it."""

import difflib
import re
import unicodedata
from typing import Annotated, Any, NamedTuple, NoReturn, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from theseus_rehearsal.errors import UnreadableYaml
from theseus_rehearsal.yaml_text import TextsLoader, YamlText, read_yaml

from bot.domain.errors import ConfigError
from bot.domain.skill import ROLES, Skill, SkillRole

MOST_CHARACTERS, MOST_LINES = 24_000, 500  # of the complete file; about 6,000 tokens
_MOST_NAME = 64
_MOST_ENTRIES, _MOST_TOOLS = 20, 40
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TOOL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_SEPARATORS = re.compile(r"[\s,]+")
_ROLES_KEY = "theseus-roles"
_Short = Annotated[str, Field(max_length=200)]


class _FrontMatter(BaseModel):
    """The keys of the format, and `when_to_use` as in Claude Code."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1, max_length=1_024)]
    when_to_use: Annotated[str, Field(max_length=512)] = ""
    license: _Short = ""
    compatibility: Annotated[str, Field(max_length=500)] = ""
    metadata: Annotated[dict[_Short, _Short], Field(max_length=_MOST_ENTRIES)] = {}
    allowed_tools: Annotated[str | list[str] | None, Field(alias="allowed-tools")] = None


class _Parts(NamedTuple):
    """A file in two parts. The front matter begins with empty lines, so that line numbers match."""

    front: str
    body: str
    body_line: int


def parse_skill(text: str, name: str, path: str, files: dict[str, str | None]) -> Skill:
    """Return the skill of a `SKILL.md` in a folder called `name`.

    Raises `ConfigError`. The message begins with `path` and the line, and says what to write
    instead.
    """
    _refuse_unreadable(text, path)
    parts = _split(text, path)
    try:
        read = read_yaml(parts.front, path, TextsLoader)
    except UnreadableYaml as error:
        raise ConfigError(str(error)) from error
    front = _validate(read, path)
    if front.name != name:
        _refuse(
            path,
            read.find_line(["name"]),
            f"name is {front.name[:70]!r}, and the folder is {name!r}: call both the same",
        )
    if problem := find_name_error(name):
        _refuse(path, read.find_line(["name"]), f"name: {problem}")
    if not front.description.strip():
        _refuse(
            path,
            read.find_line(["description"]),
            "description is empty: say what the skill is about, and when to use it",
        )
    if not parts.body.strip():
        _refuse(
            path,
            parts.body_line,
            "there is no text after the front matter: say how the work is done",
        )
    return Skill(
        name=name,
        description=" ".join(front.description.split()),
        when_to_use=" ".join(front.when_to_use.split()),
        license=front.license,
        compatibility=front.compatibility,
        metadata=front.metadata,
        allowed_tools=_parse_tools(front, read, path),
        roles=_parse_roles(front, read, path),
        body=parts.body.strip() + "\n",
        files=files,
        text=text,
    )


def find_name_error(name: str) -> str:
    """Return what is wrong with a skill's name, and what is allowed; "" if it is valid."""
    if len(name) <= _MOST_NAME and _NAME.fullmatch(name):
        return ""
    return (
        f"{name[:70]!r} is not valid: use up to {_MOST_NAME} small letters, digits and single "
        "hyphens between them, such as `reading-the-journal`"
    )


def _refuse(path: str, line: int, why: str) -> NoReturn:
    raise ConfigError(f"{path}, line {line}: {why}.")


def _refuse_unreadable(text: str, path: str) -> None:
    lines = text.split("\n")
    if len(text) > MOST_CHARACTERS or len(lines) > MOST_LINES:
        _refuse(
            path,
            len(lines),
            f"{len(text):,} characters in {len(lines)} lines are too many "
            f"(at most {MOST_CHARACTERS:,} in {MOST_LINES}): move what is not always needed "
            "into another file of the skill",
        )
    for number, line in enumerate(lines, 1):
        if has_hidden_characters(line.removesuffix("\r")):
            _refuse(path, number, "there are invisible characters: remove them")


def has_hidden_characters(line: str) -> bool:
    """Return whether a line contains control or formatting characters other than tabs."""
    if line.isprintable():
        return False
    return any(unicodedata.category(char)[0] == "C" and char != "\t" for char in line)


def _split(text: str, path: str) -> _Parts:
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "---":
        _refuse(
            path,
            1,
            "a skill begins with a line `---`, then `name:` and `description:`, then another `---`",
        )
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
    if not end:
        _refuse(path, 1, "the front matter that begins here has no end: put a line `---` after it")
    return _Parts("\n".join(["", *lines[1:end]]), "\n".join(lines[end + 1 :]), end + 2)


def _validate(read: YamlText, path: str) -> _FrontMatter:
    content = read.content
    if not isinstance(content, dict):
        _refuse(path, 2, "expected `key: value` lines between the two `---`")
    try:
        return _FrontMatter.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    first: Any = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    where = tuple(part for part in first["loc"] if part not in ("str", "list[str]"))
    line = max(2, read.find_line(where))
    raise ConfigError(
        f"{path}, line {line}: {_describe_error(first['type'], where, first['msg'])}."
    )


def _describe_error(kind: str, where: tuple[str | int, ...], message: str) -> str:
    key = ".".join(map(str, where))
    if kind == "missing":
        return f"{key} is missing"
    if kind != "extra_forbidden":
        return f"{key}: {message[:1].lower()}{message[1:]}"
    known = [field.alias or name for name, field in _FrontMatter.model_fields.items()]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
    return f"unknown key {key}; {hint} What is your own goes below metadata"


def _parse_tools(front: _FrontMatter, read: YamlText, path: str) -> tuple[str, ...]:
    """Return the names of the tools.

    A pattern (`Bash(git:*)`) is refused, because the bot does not enforce patterns.
    """
    allowed = front.allowed_tools
    if allowed is None:
        return ()
    parts = _SEPARATORS.split(allowed) if isinstance(allowed, str) else allowed
    names = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    line = read.find_line(["allowed-tools"])
    if not names:
        _refuse(path, line, "allowed-tools names no tool: name some, or leave the key out")
    if len(names) > _MOST_TOOLS:
        _refuse(path, line, f"allowed-tools names {len(names)} tools; at most {_MOST_TOOLS}")
    for name in names:
        if not _TOOL.fullmatch(name):
            _refuse(
                path,
                line,
                f"allowed-tools: {name[:60]!r} is not the name of a tool; patterns such "
                "as `Bash(git:*)` are not supported, so name the tool alone",
            )
    return names


def _parse_roles(front: _FrontMatter, read: YamlText, path: str) -> tuple[SkillRole, ...]:
    named = front.metadata.get(_ROLES_KEY)
    if named is None:
        return ROLES
    roles = tuple(dict.fromkeys(each for each in _SEPARATORS.split(named) if each))
    unknown = [each for each in roles if each not in ROLES]
    if unknown or not roles:
        line = read.find_line(["metadata", _ROLES_KEY])
        wrong = f"there is no {unknown[0][:40]!r}" if unknown else "it names none"
        _refuse(path, line, f"metadata.{_ROLES_KEY}: {wrong}; name some of {', '.join(ROLES)}")
    return cast("tuple[SkillRole, ...]", roles)
