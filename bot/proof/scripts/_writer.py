"""From scripts and transcripts to what a person reads, in the shape that scripts are written in."""

import base64
import binascii
from typing import Any

from bot.domain.rehearsal import (
    AutocompleteStep,
    CommandStep,
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
from bot.proof.scripts._short_forms import duration_text
from bot.proof.scripts._steps import STEPS

_SHORT = 200
DoneStep = CommandStep | AutocompleteStep | MenuStep | PressStep | SubmitStep | SayStep | ReactStep


def script_data(script: Script) -> dict[str, Any]:
    """Return a script as mappings and lists that `script_from` reads back as the same."""
    world = _world(script.world)
    steps = [_step(each) for each in script.steps]
    return {"world": world, "steps": steps} if world else {"steps": steps}


def transcript_data(script: Script, transcript: Transcript) -> dict[str, Any]:
    """Return a script with what came of it: each step, and under it what was seen of it."""
    told: dict[str, Any] = {"trouble": transcript.trouble} if transcript.trouble else {}
    if transcript.started is not None and (start := _came_of(transcript.started)):
        told["started"] = start
    told |= script_data(script)
    told["steps"] = [{**_step(each.step), **_came_of(each)} for each in transcript.steps]
    if transcript.commands:
        told["commands"] = [*transcript.commands]
    return {**told, "files": transcript.files} if transcript.files else told


def asked(step: ScriptStep) -> str:
    """Return a step in a line, without who did it: `/roll dice:2d6`, `presses “Ship it”`."""
    if isinstance(step, TogetherStep):
        return " | ".join(_asked_by(each) for each in step.together)
    return _line(step)[:_SHORT]


def _asked_by(step: ScriptStep) -> str:
    return f"{step.by}: {asked(step)}" if isinstance(step, PersonStep) else asked(step)


def _line(step: SingleStep) -> str:
    match step:
        case WaitStep():
            return f"{duration_text(step.wait)} pass"
        case RestartStep():
            return "the bot restarts"
        case ReloadStep():
            return f"{step.reload} is reloaded"
        case _:
            return _done(step)


def _done(step: DoneStep) -> str:
    """Return what a person does."""
    match step:
        case CommandStep():
            return _called(step.command, step.options)
        case AutocompleteStep():
            return f"{_called(step.autocomplete, step.options)} ({step.focused}?)"
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


def _called(command: str, options: dict[str, Any]) -> str:
    return " ".join([f"/{command}", *(f"{key}:{_shown(each)}" for key, each in options.items())])


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _world(world: ScriptWorld) -> dict[str, Any]:
    told = world.model_dump(mode="json", exclude_defaults=True)
    if "people" in told:
        told["people"] = [each["name"] if [*each] == ["name"] else each for each in told["people"]]
    if "files" in told:
        told["files"] = {name: _file(content) for name, content in told["files"].items()}
    return told


def _step(step: ScriptStep) -> dict[str, Any]:
    if isinstance(step, TogetherStep):
        inner = [_step(each) for each in step.together]
        return {"together": inner, **({"order": [*step.order]} if step.order else {})}
    told = step.model_dump(mode="json", exclude_defaults=True)
    for key in ("wait", "away"):
        if key in told:
            told[key] = duration_text(told[key])
    if "files" in told:
        told["files"] = {name: _file(content) for name, content in told["files"].items()}
    first = _WORDS[type(step)]
    return {first: told.pop(first), **told}


_WORDS = {kind: word for word, kind in STEPS.items()}


def _file(content: str) -> str | dict[str, str]:
    """Return a file's text where that reads back as the same bytes, else its base64."""
    try:
        text = base64.b64decode(content, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return {"base64": content}
    same = base64.b64encode(text.encode()).decode() == content
    return text if same else {"base64": content}


def _came_of(step: PlayedStep) -> dict[str, Any]:
    """Return what came of a step, without what is empty."""
    return step.model_dump(mode="json", exclude_defaults=True, exclude={"step"})
