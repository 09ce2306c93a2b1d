"""What people might ask next: neighbours of a step that was recorded."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, zip_longest
from typing import Literal

from bot.domain.rehearsal import (
    AutocompleteStep,
    CommandStep,
    Option,
    PersonStep,
    SayStep,
    Script,
    ScriptStep,
    ScriptWorld,
    SubmitStep,
)

OptionKind = Literal[
    "string", "integer", "number", "boolean", "user", "channel", "role", "mentionable", "attachment"
]
"""Discord's kinds of options."""

MOST = 40
"""How many variations of one step are made, unless told otherwise."""

_LARGEST = 2**53 - 1  # Discord takes no larger number
_LONG = "x" * 2_000
_UNICODE = "Ünïcode 漢字 🎲"
_NUMBER = re.compile(r"\d+")
_NUMBERS = 3


def variations(
    script: Script,
    at: int,
    declared: Mapping[str, OptionKind] | None = None,
    *,
    most: int = MOST,
) -> tuple[Script, ...]:
    """Return scripts in which step `at` is another: its options, who does it, how often, when.

    `declared` are the kinds of its options; those of others are told by their values. The same
    arguments give the same scripts, in the same order; each differs from all others. Where `most`
    is too few for all, every option has its share.
    """
    step = script.steps[at]
    values = _varied_values(step, script.world, declared or {})
    others = _interleaved([*values, _by_others(step, script.world)])
    changed = (_with_steps(script, at, (each,)) for each in others)
    found: dict[str, Script] = {}
    for each in chain(_moved(script, at), changed):
        found.setdefault(each.model_dump_json(), each)
    found.pop(script.model_dump_json(), None)
    return tuple(islice(found.values(), most))


def neighbours(
    value: Option, world: ScriptWorld, kind: OptionKind | None = None
) -> tuple[Option, ...]:
    """Return values beside this one that an option of its kind can have."""
    kind = kind or _kind_of(value)
    match kind:
        case "boolean":
            found: Iterable[Option] = (True, False)
        case "integer" | "number":
            found = _numbers(value, kind)
        case "user" | "channel" | "role" | "mentionable":
            found = _named(kind, world)
        case "attachment":
            found = ()
        case "string":
            found = _texts(str(value))
    # 1, 1.0 and True are equal, and are not the same option
    return tuple(dict((repr(each), each) for each in found if repr(each) != repr(value)).values())


def _kind_of(value: Option) -> OptionKind:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    if value.startswith("@&"):
        return "role"
    return "user" if value.startswith("@") else "channel" if value.startswith("#") else "string"


def _numbers(value: Option, kind: OptionKind) -> list[Option]:
    given = value if isinstance(value, int | float) else 0
    numbers = [0, 1, -1, _LARGEST, -_LARGEST, given + 1, given - 1]
    possible = [each for each in numbers if abs(each) <= _LARGEST]
    return [int(each) if kind == "integer" else float(each) for each in possible]


def _named(kind: OptionKind, world: ScriptWorld) -> Iterator[str]:
    if kind in ("user", "mentionable"):
        yield from (f"@{each.name}" for each in world.people)
    if kind in ("role", "mentionable"):
        yield from (f"@&{role}" for each in world.people for role in each.roles)
    if kind == "channel":
        yield from (f"#{name}" for name in world.channels)


def _texts(text: str) -> Iterator[str]:
    """Yield texts: plain ones, and this one with each of its first numbers replaced."""
    yield from ("", "0", "1", "-1")
    for found in islice(_NUMBER.finditer(text), _NUMBERS):
        for number in ("0", "1", "-1", str(int(found[0]) + 1), "999999999"):
            yield text[: found.start()] + number + text[found.end() :]
    yield from (_UNICODE, f"{text} {text}", text.upper(), f" {text} ", _LONG)


def _varied_values(
    step: ScriptStep, world: ScriptWorld, declared: Mapping[str, OptionKind]
) -> Iterator[list[ScriptStep]]:
    """Yield the variations of each value that the step gives, one list a value."""
    match step:
        case CommandStep() | AutocompleteStep():
            for name, value in step.options.items():
                near = neighbours(value, world, declared.get(name))
                without = {key: each for key, each in step.options.items() if key != name}
                yield [
                    *(step.but(options={**step.options, name: each}) for each in near),
                    step.but(options=without),
                ]
        case SubmitStep():
            for name, text in step.submit.items():
                texts = neighbours(text, world, "string")
                yield [step.but(submit={**step.submit, name: each}) for each in texts]
        case SayStep():
            texts = neighbours(step.say, world, "string")
            yield [step.but(say=each) for each in texts if str(each).strip()]
        case _:
            return


def _by_others(step: ScriptStep, world: ScriptWorld) -> list[ScriptStep]:
    if not isinstance(step, PersonStep):
        return []
    names = [each.name for each in world.people if not each.bot]
    return [step.but(by=name) for name in names if name != step.by]


def _moved(script: Script, at: int) -> Iterator[Script]:
    """Yield the script with the step done twice, and before what came before it."""
    step = script.steps[at]
    yield _with_steps(script, at, (step, step))
    if at > 0:
        earlier = script.steps[at - 1]
        steps = (*script.steps[: at - 1], step, earlier, *script.steps[at + 1 :])
        yield script.but(steps=steps)


def _with_steps(script: Script, at: int, steps: tuple[ScriptStep, ...]) -> Script:
    return script.but(steps=(*script.steps[:at], *steps, *script.steps[at + 1 :]))


def _interleaved(lists: Iterable[list[ScriptStep]]) -> Iterator[ScriptStep]:
    """Yield the first of each list, then the second of each."""
    for row in zip_longest(*lists):
        yield from (each for each in row if each is not None)
