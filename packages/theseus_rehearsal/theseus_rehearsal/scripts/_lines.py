"""Scripts as lines that people type into a form: `/poll create question:Lunch?`, `press: a`."""

import re
from collections.abc import Sequence

from theseus_rehearsal.records import (
    CommandStep,
    Option,
    PersonStep,
    PressStep,
    SayStep,
    ScriptStep,
    SubmitStep,
    WaitStep,
)
from theseus_rehearsal.scripts._short_forms import (
    format_duration,
    parse_duration,
    parse_slash_command,
)

MOST_LINES = 6
LONGEST_WAIT = 86_400.0  # seconds

_BY = re.compile(r"@(\w{1,32})\s+(?=\S)")
_KEYWORD_LINE = re.compile(r"(press|submit|say|wait):\s*(\S.*)")
_PART = re.compile(r"\s*\|\s*")
_FIELD = re.compile(r"([^=]*[^=\s])\s*=\s*(.*)")

LineStep = CommandStep | PressStep | SubmitStep | SayStep | WaitStep


def parse_steps(text: str) -> tuple[LineStep, ...]:
    """Return the steps of a short script, one per line; `@bob ` before a step names its person.

    A line is a command as it is typed, `press: Again`, `press: Colour = Red | Blue` for a select,
    `submit: Title = Tea | Why = no` for the form that was opened last, `say: hello` or `wait: 10m`.
    Raises `ValueError` with the problem.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("There is nothing to try")
    if len(lines) > MOST_LINES:
        raise ValueError(f"There are {len(lines)} lines; at most {MOST_LINES} are allowed")
    return tuple(map(_parse_step, lines))


def format_steps(steps: Sequence[ScriptStep], asker: str) -> str:
    """Return steps as lines that `parse_steps` reads back, done by `asker` by default.

    Return an empty string if a step cannot be written as a line, or if there are too many.
    """
    lines = [_format_line(step, asker) for step in steps]
    return "\n".join(lines) if all(lines) and len(lines) <= MOST_LINES else ""


def _parse_step(line: str) -> LineStep:
    named = _BY.match(line)
    body = line[named.end() :] if named else line
    step = _parse_action(body)
    return step.replace(by=named[1]) if named and isinstance(step, PersonStep) else step


def _parse_action(line: str) -> LineStep:
    if line.startswith("/"):
        command, options = parse_slash_command(line)
        if not command:
            raise ValueError("A command needs a name")
        return CommandStep(command=command, options=options)
    found = _KEYWORD_LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"“{line[:60]}” is neither a command nor press, submit, say or wait")
    word, rest = found[1], found[2].strip()
    if word == "say":
        return SayStep(say=rest)
    if word == "wait":
        return _parse_wait(rest)
    return _parse_press(rest) if word == "press" else SubmitStep(submit=_parse_fields(rest))


def _parse_wait(text: str) -> WaitStep:
    seconds = parse_duration(text)
    if seconds is None or not 0 < seconds <= LONGEST_WAIT:
        raise ValueError(f"“wait: {text[:20]}” is not a time of at most a day: `wait: 10m`")
    return WaitStep(wait=seconds)


def _parse_press(text: str) -> PressStep:
    chosen = _FIELD.fullmatch(text)
    if chosen is None or not chosen[2]:
        return PressStep(press=text)
    return PressStep(press=chosen[1].strip(), values=tuple(_PART.split(chosen[2].strip())))


def _parse_fields(text: str) -> dict[str, str]:
    found = [_FIELD.fullmatch(part) for part in _PART.split(text)]
    fields = {each[1].strip(): each[2].strip() for each in found if each}
    if len(fields) < len(found):
        raise ValueError("A form is sent as `submit: Title = Tea | Why = no`")
    return fields


def _format_line(step: ScriptStep, asker: str) -> str:
    """Return a step as a line, or an empty string if it does not read back as equal."""
    body = _format_step(step)
    if not body or "\n" in body:
        return ""
    by = step.by if isinstance(step, PersonStep) else asker
    try:
        parsed = _parse_step(body if by == asker else f"@{by} {body}")
    except ValueError:
        return ""
    same = {"channel": "dev"} | ({"by": "alice"} if by == asker else {})
    place = {"on": ""} if isinstance(step, PressStep) else {}
    wanted = step.replace(**same, **place) if isinstance(step, PersonStep) else step
    return (body if by == asker else f"@{by} {body}") if parsed == wanted else ""


def _format_step(step: ScriptStep) -> str:
    match step:
        case CommandStep():
            options = (_format_option(name, value) for name, value in step.options.items())
            return " ".join([f"/{step.command}", *options])
        case PressStep():
            return f"press: {step.press}" + (f" = {' | '.join(step.values)}" if step.values else "")
        case SubmitStep():
            fields = " | ".join(f"{name} = {text}" for name, text in step.submit.items())
            return f"submit: {fields}"
        case SayStep():
            return f"say: {step.say}"
        case WaitStep():
            return f"wait: {format_duration(step.wait)}"
        case _:
            return ""


def _format_option(name: str, value: Option) -> str:
    plain = f"{name}:{str(value).lower() if isinstance(value, bool) else value}"
    try:
        same = parse_slash_command(f"/x {plain}")[1] == {name: value}
    except ValueError:
        same = False
    if same and type(parse_slash_command(f"/x {plain}")[1][name]) is type(value):
        return plain
    quoted = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}:"{quoted}"'
