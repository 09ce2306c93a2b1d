"""Examples of what is wanted: whether they can be held to, and the tests that they become."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256

from bot.domain.brief import Absence, Acceptance, Brief, Wanted
from bot.domain.plan import Reproduction
from bot.domain.rehearsal import (
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
from bot.proof.reproduction import build_script_test
from bot.proof.scripts import describe_step

FOLDER = "tests/acceptance"
"""Where the tests of what was agreed on stand."""

LUCK = 12
"""How often what is left to chance is played: a coin falls on one side so often once in 2,048."""

MOST, MOST_STEPS = 12, 20
"""How many examples one change may have, and how many steps each."""

_LONGEST, _LONGEST_LINE = 300, 200
_FAILS_WITH: Mapping[Absence, str] = {
    "no such command": "SetupError",
    "no such option": "OptionError",
    "no such cog": "ConfigError",
    "another answer": "AssertionError",
}


def find_example_problems(brief: Brief, cogs: Collection[str]) -> tuple[str, ...]:
    """Return what is wrong with a brief's examples, for whoever wrote them; empty: nothing.

    `cogs` are the modules there are under `cogs`, by name. Besides what cannot be played, that are
    examples which a command would pass that always answers the same.
    """
    if len(brief.acceptances) > MOST:
        return (f"there are {len(brief.acceptances)} examples: leave the {MOST} that say most",)
    if not brief.acceptances:
        needed = "behaviour" in brief.proofs or not brief.proofs
        return ("no example says what people will see: give one",) if needed else ()
    if len({each.model_dump_json() for each in brief.acceptances}) < len(brief.acceptances):
        return ("two examples are the same: leave one of them",)
    found = [
        f"example {number}, `{each.asked}`: {why}"
        for number, each in enumerate(brief.acceptances, 1)
        for why in _find_problems(each, cogs)
    ]
    return tuple(found) or tuple(_find_vacuous_examples(brief.acceptances))


def find_fixed_answers(brief: Brief) -> tuple[str, ...]:
    """Return what is to be said of commands whose examples a fixed answer would pass."""
    return tuple(
        f"`{name}`: any answer with {_quote(_list_texts(group))} in it would do"
        for name, group in _group_by_command(brief.acceptances).items()
        if _can_constant_pass(group)
    )


def build_acceptance_tests(
    brief: Brief, cogs: Collection[str], room: str | None
) -> tuple[Reproduction | None, ...]:
    """Return each example as a test in the idiom of the cogs' own, in order.

    `room` is the project's own (`bot.proof.reproduction.ROOM`); without one there are none.
    `None` stands for what a room cannot do (direct messages, files, steps in the same instant,
    flags where it is older than these):
    plays alone hold the change to that. Each is red on base for what its example says is missing,
    and fails where the step is not answered.
    """
    if room is None:
        return tuple(None for _ in brief.acceptances)
    seeded, flagged = "seed: int" in room, "flags: Sequence" in room
    return tuple(
        _build_test(each, cogs, seeded=seeded) if flagged or not each.script.world.flags else None
        for each in brief.acceptances
    )


def find_absence(example: Acceptance, cogs: Collection[str]) -> Absence:
    """Return why an example is red on base; where its cog is not there, that is why."""
    return example.missing if {*example.script.world.cogs} <= {*cogs} else "no such cog"


def describe_missing_text(wanted: Wanted, text: str) -> str:
    """Return what a text that people see lacks of what is wanted, in words; empty: nothing."""
    absent = [each for each in wanted.shows if each not in text]
    if absent:
        return f"{_quote(absent[:1])} is not in it"
    if wanted.one_of and not any(each in text for each in wanted.one_of):
        return f"none of {_quote(wanted.one_of)} is in it"
    there = [each for each in wanted.hides if each in text]
    return f"{_quote(there[:1])} is in it" if there else ""


def get_acceptance_path(example: Acceptance) -> str:
    """Return where an example's test is kept, from the repository's root."""
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


def _find_problems(example: Acceptance, cogs: Collection[str]) -> Iterator[str]:
    world, steps = example.script.world, example.script.steps
    for what in (example.asked, example.expected):
        if not what.strip() or "\n" in what or len(what) > _LONGEST_LINE:
            yield f"say in one line of at most {_LONGEST_LINE} characters what is done and told"
    if len(world.cogs) != 1 or not re.fullmatch(r"[a-z_][a-z0-9_]*", world.cogs[0]):
        yield "name the one cog it is about in world.cogs, by its module's name"
    elif example.missing == "no such cog" and world.cogs[0] in cogs:
        yield f"there is a cog {world.cogs[0]}: say what is missing in it"
    if not 0 < len(steps) <= MOST_STEPS:
        yield f"it has {len(steps)} steps; one to {MOST_STEPS} can be played"
    names = {each.name for each in world.people}
    for number, step in enumerate(steps, 1):
        if isinstance(step, ReloadStep) and step.reload not in world.cogs:
            yield f"step {number} reloads a cog that is not there"
        if isinstance(step, PersonStep) and step.by not in names:
            yield f"step {number}: {step.by} is nobody of world.people"
        elif isinstance(step, PersonStep) and step.channel not in ("dm", *world.channels):
            yield f"step {number}: there is no channel {step.channel} in world.channels"
    yield from (why for each in example.wanted for why in _find_unclear_expectations(each, steps))


def _find_unclear_expectations(wanted: Wanted, steps: Sequence[ScriptStep]) -> Iterator[str]:
    """Yield why what is wanted of a step cannot be looked for."""
    if wanted.step >= len(steps):
        yield f"it wants something of step {wanted.step}, counted from 0; there are {len(steps)}"
    texts = (*wanted.shows, *wanted.one_of, *wanted.hides)
    if not (wanted.shows or wanted.one_of) or not all(each.strip() for each in texts):
        yield f"of step {wanted.step} a text has to be seen, and no text may be empty"
    if any(len(each) > _LONGEST for each in texts):
        yield f"a text to be looked for has at most {_LONGEST} characters: a part of it is enough"
    if any(hidden in shown for hidden in wanted.hides for shown in wanted.shows):
        yield f"of step {wanted.step} the same text is to be seen and not to be seen"
    if len({*wanted.one_of}) == 1:
        yield "one_of is what is left to chance: a single text goes into shows"


def _find_vacuous_examples(examples: Sequence[Acceptance]) -> Iterator[str]:
    """Yield why examples that differ would be passed by a command that answers all of them alike.

    Where all of them want the same, a fixed answer may be what is wanted: see `fixed_answers`.
    """
    for name, group in _group_by_command(examples).items():
        if len({each.shows for each in group}) > 1 and _can_constant_pass(group):
            yield (
                f"`{name}` would pass every example with one fixed answer, "
                f"{_quote(_list_texts(group))}: put into `hides` of one what only another shows"
            )


def _can_constant_pass(group: Sequence[Wanted]) -> bool:
    """Whether a fixed answer gives each what it wants.

    All that is to be shown has to stand in such an answer; one that has that alone passes if any
    does. What is left to chance has to change, so that no fixed answer passes it.
    """
    answer = "\n".join(_list_texts(group))
    chance = any(len({*each.one_of}) > 1 for each in group)
    return not chance and not any(describe_missing_text(each, answer) for each in group)


def _list_texts(group: Sequence[Wanted]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for each in group for text in each.shows))


def _group_by_command(examples: Sequence[Acceptance]) -> dict[str, list[Wanted]]:
    """Return all that is wanted of each command, button and the like: one stub answers those."""
    found: dict[str, list[Wanted]] = {}
    for each in examples:
        for wanted in each.wanted:
            step = each.script.steps[wanted.step]
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
    return ", ".join(f"“{' '.join(each.split())}”" for each in texts)
