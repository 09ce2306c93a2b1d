"""Variations of a recorded step: interactions that people might do next."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, zip_longest
from typing import Literal

from theseus_rehearsal.records import (
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
"""The default number of variations of one step."""

_LARGEST = 2**53 - 1  # Discord takes no larger number
_LONG = "x" * 2_000
_UNICODE = "Ünïcode 漢字 🎲"
_NUMBER = re.compile(r"\d+")
_NUMBERS = 3


def build_variations(
    script: Script,
    at: int,
    declared: Mapping[str, OptionKind] | None = None,
    *,
    most: int = MOST,
) -> tuple[Script, ...]:
    """Return scripts in which step `at` is varied: its options, its person, its order.

    `declared` are the kinds of its options; other kinds are inferred from the values. Equal
    arguments give equal scripts, in the same order; no script is repeated. If `most` is too few for
    all, every option has its share.
    """
    step = script.steps[at]
    values = _vary_values(step, script.world, declared or {})
    others = _interleave([*values, _vary_person(step, script.world)])
    changed = (_replace_step(script, at, (step,)) for step in others)
    found: dict[str, Script] = {}
    for variation in chain(_vary_order(script, at), changed):
        found.setdefault(variation.model_dump_json(), variation)
    found.pop(script.model_dump_json(), None)
    return tuple(islice(found.values(), most))


def list_neighbours(
    value: Option, world: ScriptWorld, kind: OptionKind | None = None
) -> tuple[Option, ...]:
    """Return similar values that an option of its kind can have."""
    kind = kind or _infer_kind(value)
    match kind:
        case "boolean":
            found: Iterable[Option] = (True, False)
        case "integer" | "number":
            found = _list_numbers(value, kind)
        case "user" | "channel" | "role" | "mentionable":
            found = _list_references(kind, world)
        case "attachment":
            found = ()
        case "string":
            found = _iterate_texts(str(value))
    # 1, 1.0 and True are equal, and are not the same option
    return tuple(dict((repr(each), each) for each in found if repr(each) != repr(value)).values())


def _infer_kind(value: Option) -> OptionKind:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    if value.startswith("@&"):
        return "role"
    return "user" if value.startswith("@") else "channel" if value.startswith("#") else "string"


def _list_numbers(value: Option, kind: OptionKind) -> list[Option]:
    given = value if isinstance(value, int | float) else 0
    numbers = [0, 1, -1, _LARGEST, -_LARGEST, given + 1, given - 1]
    possible = [number for number in numbers if abs(number) <= _LARGEST]
    return [int(each) if kind == "integer" else float(each) for each in possible]


def _list_references(kind: OptionKind, world: ScriptWorld) -> Iterator[str]:
    if kind in ("user", "mentionable"):
        yield from (f"@{actor.name}" for actor in world.people)
    if kind in ("role", "mentionable"):
        yield from (f"@&{role}" for actor in world.people for role in actor.roles)
    if kind == "channel":
        yield from (f"#{name}" for name in world.channels)


def _iterate_texts(text: str) -> Iterator[str]:
    """Yield texts: plain ones, and this one with each of its first numbers replaced."""
    yield from ("", "0", "1", "-1")
    for found in islice(_NUMBER.finditer(text), _NUMBERS):
        for number in ("0", "1", "-1", str(int(found[0]) + 1), "999999999"):
            yield text[: found.start()] + number + text[found.end() :]
    yield from (_UNICODE, f"{text} {text}", text.upper(), f" {text} ", _LONG)


def _vary_values(
    step: ScriptStep, world: ScriptWorld, declared: Mapping[str, OptionKind]
) -> Iterator[list[ScriptStep]]:
    """Yield the variations of each value of the step, one list per value."""
    match step:
        case CommandStep() | AutocompleteStep():
            for name, value in step.options.items():
                near = list_neighbours(value, world, declared.get(name))
                without = {key: each for key, each in step.options.items() if key != name}
                yield [
                    *(step.replace(options={**step.options, name: each}) for each in near),
                    step.replace(options=without),
                ]
        case SubmitStep():
            for name, text in step.submit.items():
                texts = list_neighbours(text, world, "string")
                yield [step.replace(submit={**step.submit, name: each}) for each in texts]
        case SayStep():
            texts = list_neighbours(step.say, world, "string")
            yield [step.replace(say=each) for each in texts if str(each).strip()]
        case _:
            return


def _vary_person(step: ScriptStep, world: ScriptWorld) -> list[ScriptStep]:
    if not isinstance(step, PersonStep):
        return []
    names = [actor.name for actor in world.people if not actor.bot]
    return [step.replace(by=name) for name in names if name != step.by]


def _vary_order(script: Script, at: int) -> Iterator[Script]:
    """Yield the script with the step done twice, and before what came before it."""
    step = script.steps[at]
    yield _replace_step(script, at, (step, step))
    if at > 0:
        earlier = script.steps[at - 1]
        steps = (*script.steps[: at - 1], step, earlier, *script.steps[at + 1 :])
        yield script.replace(steps=steps)


def _replace_step(script: Script, at: int, steps: tuple[ScriptStep, ...]) -> Script:
    return script.replace(steps=(*script.steps[:at], *steps, *script.steps[at + 1 :]))


def _interleave(lists: Iterable[list[ScriptStep]]) -> Iterator[ScriptStep]:
    """Yield the first of each list, then the second of each."""
    for row in zip_longest(*lists):
        yield from (each for each in row if each is not None)
