"""Parses the steps of a script that a person wrote."""

import difflib
from collections.abc import Mapping
from typing import Any

from theseus_rehearsal.records import (
    AutocompleteStep,
    CommandStep,
    JoinStep,
    LeaveStep,
    MenuStep,
    PlayedStep,
    PressStep,
    ReactStep,
    ReloadStep,
    RestartStep,
    SayStep,
    ScriptStep,
    SubmitStep,
    TogetherStep,
    WaitStep,
)
from theseus_rehearsal.scripts._fields import (
    Path,
    UnreadableScript,
    format_place,
    parse_files,
    parse_seconds,
    require_list,
    require_mapping,
    validate_record,
)
from theseus_rehearsal.scripts._short_forms import parse_slash_command

STEPS: dict[str, type[ScriptStep]] = {
    "command": CommandStep,
    "press": PressStep,
    "submit": SubmitStep,
    "say": SayStep,
    "react": ReactStep,
    "menu": MenuStep,
    "autocomplete": AutocompleteStep,
    "wait": WaitStep,
    "restart": RestartStep,
    "reload": ReloadStep,
    "join": JoinStep,
    "leave": LeaveStep,
    "together": TogetherStep,
}
"""The record of each kind of step, by the first key of the step."""

RESULTS = PlayedStep.model_fields.keys() - {"step"}
"""The keys of a step that state its result. A transcript can be run as a script."""


def parse_step(path: Path, value: object) -> ScriptStep:
    if value == "restart":
        return RestartStep(restart=True)
    if not isinstance(value, Mapping):
        raise UnreadableScript(
            path, f"{format_place(path)}`{value}` is not a step; {_suggest(value)}"
        )
    value = {key: each for key, each in value.items() if key not in RESULTS}
    words = [key for key in value if key in STEPS]
    if not words:
        first = next(iter(value), "")
        raise UnreadableScript(
            (*path, str(first)), f"{format_place(path)}`{first}` is not a step; {_suggest(first)}"
        )
    if len(words) > 1:
        raise UnreadableScript(
            (*path, words[1]),
            f"{format_place(path)}{words[0]} and {words[1]} are two steps; begin each with a `-`",
        )
    word = words[0]
    if word == "together":
        return _parse_together(path, value)
    return _parse_single(path, word, value)


def _suggest(name: object) -> str:
    near = difflib.get_close_matches(str(name), STEPS, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? It is " if near else ""
    return f"{hint}one of {', '.join(STEPS)}"


def _parse_together(path: Path, value: Mapping[str, Any]) -> TogetherStep:
    fields = require_mapping(path, value, "a step", tuple(TogetherStep.model_fields))
    inner = require_list((*path, "together"), fields["together"])
    for at, each in enumerate(inner):
        if isinstance(each, Mapping) and "together" in each:
            where = (*path, "together", at)
            raise UnreadableScript(where, f"{format_place(where)}nothing is together in a together")
    steps = tuple(parse_step((*path, "together", at), each) for at, each in enumerate(inner))
    read = validate_record(path, TogetherStep, {**fields, "together": steps})
    if read.order and sorted(read.order) != [*range(len(steps))]:
        numbers = ", ".join(str(each) for each in range(len(steps)))
        raise UnreadableScript(
            (*path, "order"),
            f"{format_place(path)}order: name each of {numbers} once, as you want them",
        )
    return read


def _parse_single(path: Path, keyword: str, value: Mapping[str, Any]) -> ScriptStep:
    kind = STEPS[keyword]
    fields = dict(require_mapping(path, value, "a step", tuple(kind.model_fields)))
    if keyword == "command":
        _complete_command(path, fields)
    for key in ("wait", "away"):
        if isinstance(fields.get(key), str):
            fields[key] = parse_seconds((*path, key), fields[key])
    if "files" in fields:
        fields["files"] = parse_files((*path, "files"), fields["files"])
    if isinstance(fields.get("values"), str):
        fields["values"] = (fields["values"],)
    return validate_record(path, kind, fields)


def _complete_command(path: Path, fields: dict[str, Any]) -> None:
    """Merge options that are written after the command name into the options field."""
    if not isinstance(fields["command"], str):
        return
    try:
        name, options = parse_slash_command(fields["command"])
    except ValueError as error:
        raise UnreadableScript(
            (*path, "command"), f"{format_place(path)}command: {error}"
        ) from None
    if not name:
        raise UnreadableScript(
            (*path, "command"), f"{format_place(path)}command: it needs a name: /roll"
        )
    others = fields.get("options") or {}
    twice = [key for key in options if isinstance(others, Mapping) and key in others]
    if twice:
        raise UnreadableScript(
            (*path, "options", twice[0]),
            f"{format_place(path)}`{twice[0]}` is given twice; keep one",
        )
    fields["command"] = name
    if options:
        fields["options"] = {**options, **others}
