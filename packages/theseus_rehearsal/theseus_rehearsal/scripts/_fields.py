"""Checks the fields of a written script; errors name the place and the remedy."""

import base64
import difflib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from theseus_guard.record import Record

from theseus_rehearsal.scripts._short_forms import parse_duration

Path = tuple[str | int, ...]
R = TypeVar("R", bound=Record)

_QUOTES = 'texts that are a number, `true` or `null` go in quotes: "5"'
_EMPTY = "is empty; a text that begins with # or @ goes in quotes"
_TIME = "takes a time such as 30s, 10m, 1h 30m or 2d"


class UnreadableScript(ValueError):
    """Raised if a text is not a script. `path` leads to the place, by keys and indices."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


def require_mapping(
    path: Path, value: object, what: str, known: Sequence[str]
) -> Mapping[str, Any]:
    """Return a mapping whose keys are all known."""
    if not isinstance(value, Mapping):
        raise UnreadableScript(path, f"{format_place(path)}{what} is written as `key: value` lines")
    for key in value:
        if key not in known:
            raise UnreadableScript(
                (*path, str(key)),
                f"{format_place(path)}unknown key `{key}`; {_suggest(key, known)}",
            )
    return value


def _suggest(key: object, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def format_place(path: Path) -> str:
    """Return a place for people: steps and list elements are counted from 1."""
    parts = [part + 1 if isinstance(part, int) else part for part in path]
    told = []
    for word, name in (("steps", "step"), ("together", "together")):
        if parts[:1] == [word] and len(parts) > 1:
            told.append(f"{name} {parts[1]}")
            parts = parts[2:]
    if parts:
        told.append(".".join(map(str, parts)))
    return "".join(f"{each}: " for each in told)


def require_list(path: Path, value: object) -> Sequence[object]:
    """Return a list."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise UnreadableScript(path, f"{format_place(path)}this is a list: [alice, bob]")


def parse_files(path: Path, value: object) -> dict[str, str]:
    """Return names to base64. A file is written as its text, or as `{base64: ...}`."""
    if not isinstance(value, Mapping):
        raise UnreadableScript(path, f"{format_place(path)}files are written as `name: text` lines")
    found = {}
    for name, content in value.items():
        where = (*path, str(name))
        if ".." in PurePosixPath(str(name)).parts or str(name).startswith("/"):
            raise UnreadableScript(
                where, f"{format_place(where)}a file lies in the bot's own folder: notes.json"
            )
        found[str(name)] = _encode_content(where, content)
    return found


def _encode_content(path: Path, content: object) -> str:
    if isinstance(content, str):
        return base64.b64encode(content.encode()).decode()
    encoded = (
        content["base64"] if isinstance(content, Mapping) and [*content] == ["base64"] else None
    )
    if not isinstance(encoded, str):
        raise UnreadableScript(path, f"{format_place(path)}a file is its text, or {{base64: ...}}")
    try:
        return base64.b64encode(base64.b64decode(encoded, validate=True)).decode()
    except ValueError:
        raise UnreadableScript(path, f"{format_place(path)}this is not base64") from None


def parse_seconds(path: Path, text: str) -> float:
    """Return the seconds of `10m`."""
    found = parse_duration(text)
    if found is None:
        raise UnreadableScript(path, f"{format_place(path)}`{text}` is not a time; it {_TIME}")
    return found


def validate_record(path: Path, kind: type[R], fields: object) -> R:
    """Return a validated record. Raises `UnreadableScript` with the first problem."""
    known = tuple(kind.model_fields)
    try:
        return kind.model_validate(require_mapping(path, fields, "this", known))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = (*path, *_to_path(first["loc"]))
        raise UnreadableScript(
            where, f"{format_place(where)}{_describe_problem(first, where)}"
        ) from None


def _to_path(loc: Sequence[str | int]) -> Path:
    """Return a place as keys; pydantic names the member of a union it tried as well."""
    if loc[:1] == ("options",):
        return tuple(loc[:2])
    return tuple(loc)


def _describe_problem(problem: ErrorDetails, where: Path) -> str:
    if problem["type"] == "missing":
        return "this is missing"
    if problem["input"] is None:
        return _EMPTY
    if problem["type"] == "string_type" and isinstance(problem["input"], bool | int | float):
        return _QUOTES
    if where[-1] in ("wait", "away"):
        return f"it {_TIME}, up to 400d"
    if where[-2:-1] == ("options",):
        return "an option is one text, number, `true` or `false`"
    if where[-1] == "together":
        return "two to eight steps can be together"
    return problem["msg"][0].lower() + problem["msg"][1:]
