"""Checks the examples of a brief, and turns them into tests."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256

from theseus_rehearsal.records import (
    AutocompleteStep,
    CommandStep,
    MenuStep,
    PersonStep,
    PressStep,
    ReactStep,
    ReloadStep,
    SayStep,
    ScriptStep,
    SubmitStep,
)
from theseus_rehearsal.scripts import describe_step

from bot.domain.brief import Absence, Acceptance, Brief, Wanted
from bot.domain.plan import Reproduction
from bot.proof.reproduction import build_script_test

FOLDER = "tests/acceptance"
"""The folder of the tests for agreed examples."""

LUCK = 12
"""Runs of an example with random results: a coin shows one side in all of them once in 2,048."""

MOST, MOST_STEPS = 12, 20
"""The largest number of examples of one change, and of steps of an example."""

_LONGEST, _LONGEST_LINE = 300, 200
_FAILS_WITH: Mapping[Absence, str] = {
    "no such command": "SetupError",
    "no such option": "OptionError",
    "no such cog": "ConfigError",
    "another answer": "AssertionError",
}


def find_example_problems(brief: Brief, cogs: Collection[str] | None) -> tuple[str, ...]:
    """Return the problems of a brief's examples, for their author; empty if there are none.

    `cogs` are the names of the existing modules under `cogs`; `None` for a bot that is not built on
    Theseus, which starts as a whole. Examples that cannot be run are a
    problem, and so are examples that a command with one fixed answer would pass.
    """
    if len(brief.acceptances) > MOST:
        return (
            f"there are {len(brief.acceptances)} examples: keep the {MOST} most important ones",
        )
    if not brief.acceptances:
        needed = "behaviour" in brief.proofs or not brief.proofs
        return ("no example shows what people will see: add one",) if needed else ()
    if len({example.model_dump_json() for example in brief.acceptances}) < len(brief.acceptances):
        return ("two examples are equal: remove one of them",)
    found = [
        f"example {number}, `{each.asked}`: {why}"
        for number, each in enumerate(brief.acceptances, 1)
        for why in _find_problems(each, cogs)
    ]
    return tuple(found) or tuple(_find_vacuous_examples(brief.acceptances))


def find_fixed_answers(brief: Brief) -> tuple[str, ...]:
    """Return a note about each command whose examples a fixed answer would pass."""
    return tuple(
        f"`{name}`: any answer that contains {_quote(_list_texts(group))} would pass"
        for name, group in _group_by_command(brief.acceptances).items()
        if _can_constant_pass(group)
    )


def build_acceptance_tests(
    brief: Brief, cogs: Collection[str], room: str | None
) -> tuple[Reproduction | None, ...]:
    """Return each example as a test in the style of the cogs' own tests, in order.

    `room` is the project's own (`bot.proof.reproduction.ROOM`); without one there are no tests. An
    entry is `None` if a room cannot run the example (direct messages, files, simultaneous steps,
    or flags with an old room); then only replays check it. Each test fails on base because of what
    its example calls missing, and fails if the step is not answered.
    """
    if room is None:
        return tuple(None for _ in brief.acceptances)
    seeded, flagged = "seed: int" in room, "flags: Sequence" in room
    return tuple(
        _build_test(example, cogs, seeded=seeded)
        if flagged or not example.script.world.flags
        else None
        for example in brief.acceptances
    )


def find_absence(example: Acceptance, cogs: Collection[str]) -> Absence:
    """Return why an example fails on base; if its cog does not exist, that is the reason."""
    return example.missing if {*example.script.world.cogs} <= {*cogs} else "no such cog"


def describe_missing_text(wanted: Wanted, text: str) -> str:
    """Return how a visible text differs from what is wanted, or an empty string."""
    absent = [each for each in wanted.shows if each not in text]
    if absent:
        return f"{_quote(absent[:1])} is not in it"
    if wanted.one_of and not any(each in text for each in wanted.one_of):
        return f"none of {_quote(wanted.one_of)} is in it"
    unwanted = [each for each in wanted.hides if each in text]
    return f"{_quote(unwanted[:1])} is in it" if unwanted else ""


def get_acceptance_path(example: Acceptance) -> str:
    """Return the path of an example's test, from the repository's root."""
    digest = sha256(example.model_dump_json().encode()).hexdigest()[:8]
    return f"{FOLDER}/test_{_build_name(example)}_{digest}.py"


def _build_name(example: Acceptance) -> str:
    return re.sub(r"[^a-z0-9]+", "_", example.asked.lower()).strip("_")[:40] or "it"


def _build_test(example: Acceptance, cogs: Collection[str], *, seeded: bool) -> Reproduction | None:
    named = _build_name(example)
    test = build_script_test(
        example.script,
        path=get_acceptance_path(example),
        name=f"test_{named}_is_answered_as_agreed",
        doc="What people see was agreed on before it was written.",
        expects=_FAILS_WITH[find_absence(example, cogs)],
        wanted=example.wanted,
        seed=example.script.world.seed if seeded else None,
        luck=LUCK if seeded and any(len(each.one_of) > 1 for each in example.wanted) else 0,
    )
    return test and test.replace(answered=True)


def _find_problems(example: Acceptance, cogs: Collection[str] | None) -> Iterator[str]:
    world, steps = example.script.world, example.script.steps
    for what in (example.asked, example.expected):
        if not what.strip() or "\n" in what or len(what) > _LONGEST_LINE:
            yield f"say in one line of at most {_LONGEST_LINE} characters what is done and expected"
    if why := _find_world_problem(example, cogs):
        yield why
    if not 0 < len(steps) <= MOST_STEPS:
        yield f"it has {len(steps)} steps; one to {MOST_STEPS} can be played"
    names = {actor.name for actor in world.people}
    for number, step in enumerate(steps, 1):
        if isinstance(step, ReloadStep) and step.reload not in world.cogs:
            yield f"step {number} reloads a cog that does not exist"
        if isinstance(step, PersonStep) and step.by not in names:
            yield f"step {number}: {step.by} is not in world.people"
        elif isinstance(step, PersonStep) and step.channel not in ("dm", *world.channels):
            yield f"step {number}: there is no channel {step.channel} in world.channels"
    yield from (why for each in example.wanted for why in _find_unclear_expectations(each, steps))


def _find_world_problem(example: Acceptance, cogs: Collection[str] | None) -> str:
    """Return why an example's world fits no bot with these cogs; empty if it does."""
    world = example.script.world
    if cogs is None:
        is_own = bool(world.cogs or world.flags) or example.missing == "no such cog"
        return "this bot has no cogs and flags of Theseus: leave them out" if is_own else ""
    if len(world.cogs) != 1 or not re.fullmatch(r"[a-z_][a-z0-9_]*", world.cogs[0]):
        return "name exactly one cog in world.cogs, by its module's name"
    if example.missing == "no such cog" and world.cogs[0] in cogs:
        return f"the cog {world.cogs[0]} exists: say what is missing in it"
    return ""


def _find_unclear_expectations(wanted: Wanted, steps: Sequence[ScriptStep]) -> Iterator[str]:
    """Yield the reasons why the expectation of a step cannot be checked."""
    if wanted.step >= len(steps):
        yield (
            f"it expects something of step {wanted.step} (counted from 0), but there are "
            f"{len(steps)} steps"
        )
    texts = (*wanted.shows, *wanted.one_of, *wanted.hides)
    if not (wanted.shows or wanted.one_of) or not all(text.strip() for text in texts):
        yield f"step {wanted.step} needs a text that has to be seen, and no text may be empty"
    if any(len(text) > _LONGEST for text in texts):
        yield f"a text to look for has at most {_LONGEST} characters: use a part of it"
    if any(hidden in shown for hidden in wanted.hides for shown in wanted.shows):
        yield f"step {wanted.step} has the same text in what is shown and what is hidden"
    if len({*wanted.one_of}) == 1:
        yield "one_of is for random results: a single text belongs into shows"


def _find_vacuous_examples(examples: Sequence[Acceptance]) -> Iterator[str]:
    """Yield the commands whose differing examples a single fixed answer would pass.

    If all examples of a command want the same, a fixed answer may be right: see
    `find_fixed_answers`.
    """
    for name, group in _group_by_command(examples).items():
        if len({each.shows for each in group}) > 1 and _can_constant_pass(group):
            yield (
                f"`{name}` would pass every example with one fixed answer, "
                f"{_quote(_list_texts(group))}: put a text that only one shows into `hides` of "
                "another"
            )


def _can_constant_pass(group: Sequence[Wanted]) -> bool:
    """Return whether a single fixed answer satisfies all these expectations.

    Such an answer contains all texts that have to be shown. Random results have to vary, so no
    fixed answer satisfies them.
    """
    answer = "\n".join(_list_texts(group))
    chance = any(len({*each.one_of}) > 1 for each in group)
    return not chance and not any(describe_missing_text(each, answer) for each in group)


def _list_texts(group: Sequence[Wanted]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for each in group for text in each.shows))


def _group_by_command(examples: Sequence[Acceptance]) -> dict[str, list[Wanted]]:
    """Return the expectations by command or button, because one stub could answer each group."""
    found: dict[str, list[Wanted]] = {}
    for example in examples:
        for wanted in example.wanted:
            step = example.script.steps[wanted.step]
            found.setdefault(_format_command(step), []).append(wanted)
    return found


def _format_command(step: ScriptStep) -> str:
    match step:
        case CommandStep():
            return f"/{step.command}"
        case AutocompleteStep():
            return f"/{step.autocomplete} {step.focused}"
        case PressStep():
            return step.press
        case MenuStep():
            return step.menu
        case SubmitStep() | SayStep() | ReactStep():
            return type(step).__name__.removesuffix("Step").lower()
        case _:
            return describe_step(step)


def _quote(texts: Sequence[str]) -> str:
    return ", ".join(f"“{' '.join(text.split())}”" for text in texts)
