"""Writes scripts and transcripts in the form that people read and write."""

import base64
import binascii
from typing import Any

from theseus_rehearsal.records import (
    AutocompleteStep,
    CommandStep,
    JoinStep,
    LeaveStep,
    MenuStep,
    PersonStep,
    PlayedStep,
    PressStep,
    ReactStep,
    ReloadStep,
    RestartStep,
    SayStep,
    Script,
    ScriptStep,
    ScriptWorld,
    SingleStep,
    SubmitStep,
    TogetherStep,
    Transcript,
    WaitStep,
)
from theseus_rehearsal.scripts._short_forms import format_duration
from theseus_rehearsal.scripts._steps import STEPS

_SHORT = 200
DoneStep = CommandStep | AutocompleteStep | MenuStep | PressStep | SubmitStep | SayStep | ReactStep


def dump_script(script: Script) -> dict[str, Any]:
    """Return a script as mappings and lists that `load_script` reads back."""
    world = _dump_world(script.world)
    steps = [_dump_step(step) for step in script.steps]
    return {"world": world, "steps": steps} if world else {"steps": steps}


def dump_transcript(script: Script, transcript: Transcript) -> dict[str, Any]:
    """Return a script with its results: each step, followed by what was seen of it."""
    content: dict[str, Any] = {"trouble": transcript.trouble} if transcript.trouble else {}
    if transcript.started is not None and (start := _dump_result(transcript.started)):
        content["started"] = start
    content |= dump_script(script)
    content["steps"] = [
        {**_dump_step(step.step), **_dump_result(step)} for step in transcript.steps
    ]
    if transcript.commands:
        content["commands"] = [*transcript.commands]
    return {**content, "files": transcript.files} if transcript.files else content


def describe_step(step: ScriptStep) -> str:
    """Return a step in a line, without who did it: `/roll dice:2d6`, `presses “Ship it”`."""
    if isinstance(step, TogetherStep):
        return " | ".join(_describe_with_person(each) for each in step.together)
    return _describe_single(step)[:_SHORT]


def _describe_with_person(step: ScriptStep) -> str:
    return (
        f"{step.by}: {describe_step(step)}" if isinstance(step, PersonStep) else describe_step(step)
    )


def _describe_single(step: SingleStep) -> str:
    match step:
        case WaitStep():
            return f"{format_duration(step.wait)} pass"
        case RestartStep():
            return "the bot restarts"
        case ReloadStep():
            return f"{step.reload} is reloaded"
        case JoinStep():
            return f"{step.join} joins the server"
        case LeaveStep():
            return f"{step.leave} leaves the server"
        case _:
            return _describe_action(step)


def _describe_action(step: DoneStep) -> str:
    """Return what a person does."""
    match step:
        case CommandStep():
            return _format_command(step.command, step.options)
        case AutocompleteStep():
            return f"{_format_command(step.autocomplete, step.options)} ({step.focused}?)"
        case MenuStep():
            return f"menu “{step.menu}” on {step.on}"
        case PressStep():
            chosen = f": {', '.join(step.values)}" if step.values else ""
            return f"presses “{step.press}”{chosen}"
        case SubmitStep():
            return "submits " + ", ".join(f"{key}: {text}" for key, text in step.submit.items())
        case SayStep():
            return f"says “{step.say}”"
        case ReactStep():
            return f"reacts {step.react} to {step.on}"


def _format_command(command: str, options: dict[str, Any]) -> str:
    return " ".join(
        [f"/{command}", *(f"{key}:{_format_value(each)}" for key, each in options.items())]
    )


def _format_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dump_world(world: ScriptWorld) -> dict[str, Any]:
    fields = world.model_dump(mode="json", exclude_defaults=True)
    if "people" in fields:
        fields["people"] = [
            each["name"] if [*each] == ["name"] else each for each in fields["people"]
        ]
    if "files" in fields:
        fields["files"] = {name: _dump_file(content) for name, content in fields["files"].items()}
    return fields


def _dump_step(step: ScriptStep) -> dict[str, Any]:
    if isinstance(step, TogetherStep):
        inner = [_dump_step(each) for each in step.together]
        return {"together": inner, **({"order": [*step.order]} if step.order else {})}
    fields = step.model_dump(mode="json", exclude_defaults=True)
    for key in ("wait", "away"):
        if key in fields:
            fields[key] = format_duration(fields[key])
    if "files" in fields:
        fields["files"] = {name: _dump_file(content) for name, content in fields["files"].items()}
    first = _STEP_NAMES[type(step)]
    return {first: fields.pop(first), **fields}


_STEP_NAMES = {kind: word for word, kind in STEPS.items()}


def _dump_file(content: str) -> str | dict[str, str]:
    """Return a file's text if that reads back as the same bytes, else its base64."""
    try:
        text = base64.b64decode(content, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return {"base64": content}
    same = base64.b64encode(text.encode()).decode() == content
    return text if same else {"base64": content}


def _dump_result(step: PlayedStep) -> dict[str, Any]:
    """Return the result of a step, without empty fields."""
    return step.model_dump(mode="json", exclude_defaults=True, exclude={"step"})
