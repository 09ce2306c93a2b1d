"""Examples of what is wanted, played: red on base for the reason they state, and green on head."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bot.domain.brief import Absence, Acceptance, Brief, Wanted
from bot.domain.cogs import has_cog
from bot.domain.proof import Proof
from bot.domain.rehearsal import (
    AutocompleteStep,
    CommandStep,
    MenuStep,
    PersonStep,
    PlayedStep,
    Script,
    SeenEvent,
    Transcript,
)
from bot.ports.rehearsal import Rehearsal, run_scripts
from bot.proof.acceptance import LUCK, describe_missing_text, find_fixed_answers
from bot.proof.behaviour_diff import format_step

_RUN_COUNT = 2  # of what is not left to chance: once could be luck
_QUESTION = CommandStep | AutocompleteStep | MenuStep
_LONGEST = 300


class Shortfall(NamedTuple):
    """What a play lacks of what is wanted. `missing` is `None` for what nobody can wish for."""

    description: str
    missing: Absence | None = None


class ExampleRuns(NamedTuple):
    """The plays of an example with one commit, each with other luck, and what was lacking first."""

    example: Acceptance
    transcripts: tuple[Transcript, ...]
    lacking: tuple[Shortfall | None, ...]


async def run_examples(rehearsal: Rehearsal, tree: Path, brief: Brief) -> tuple[ExampleRuns, ...]:
    """Play a brief's examples with the commit that lies in `tree`. Raises `RehearsalError`."""
    if not brief.acceptances:
        return ()
    scripts = [_vary_seed(each) for each in brief.acceptances]
    flat = [script for some in scripts for script in some]
    plays = iter(await run_scripts(rehearsal, tree, flat))
    found = []
    for example, some in zip(brief.acceptances, scripts, strict=True):
        own = tuple(next(plays) for _ in some)
        lacking = tuple(find_shortfall(example, play, tree) for play in own)
        found.append(ExampleRuns(example, own, lacking))
    return tuple(found)


def find_unfounded_examples(base: Sequence[ExampleRuns]) -> tuple[str, ...]:
    """Return which examples are not red on base for the reason they state, for whoever wrote them.

    Such an example proves nothing: it is answered so already, or fails for another reason.
    """
    return tuple(
        f"`{each.example.asked}`: {why}" for each in base if (why := _find_base_mismatch(each))
    )


def build_behaviour_proof(
    brief: Brief, base: Sequence[ExampleRuns], head: Sequence[ExampleRuns]
) -> Proof:
    """Return what the examples prove: each red on base as stated, and all as wanted on head."""
    lines, red = [], 0
    for before, after in zip(base, head, strict=True):
        example = before.example
        against = _find_base_mismatch(before) or _find_head_mismatch(after)
        red += bool(against)
        end = against or f"{_describe_before(before)}, answered now"
        lines.append(f"`{example.asked}` → {example.expected}: {end}"[:_LONGEST])
    total = len(lines)
    examples = "1 example" if total == 1 else f"{total} examples"
    told = f"{examples}: red before, green now"
    if red:
        told = f"{red} of {examples} {'does' if red == 1 else 'do'} not hold"
    return Proof(
        kind="behaviour",
        holds=bool(total) and not red,
        summary=told if total else "no example says what people will see",
        details=(*lines, *find_fixed_answers(brief)),
    )


def disable_flag(brief: Brief) -> Brief:
    """Return a brief with those of its examples that have its flag on, in worlds where it is off.

    Without a flag there are none.
    """
    flagged = [each for each in brief.acceptances if brief.flag in each.script.world.flags]
    return brief.replace(acceptances=tuple(_remove_flag(each, brief.flag) for each in flagged))


def add_flag_proof(
    brief: Brief, proof: Proof, off: Sequence[ExampleRuns], asked_in: Sequence[str]
) -> Proof:
    """Return the proof of a change that ships behind a flag: nothing of it is there with that off.

    `off` are plays of `with_flag_off` with head; none where nothing can be played. `asked_in` are
    head's files that ask for the flag.
    """
    lines = [f"`{each.example.asked}`: {why}" for each in off if (why := _find_flag_leak(each))]
    if not asked_in:
        lines.append(f"no cog asks for the flag `{brief.flag}`")
    told = f"with the flag `{brief.flag}` off nothing of it is there"
    if not off:
        told = f"the flag `{brief.flag}` is asked for, and with it off nothing was played"
    if lines:
        told = f"it is not behind the flag `{brief.flag}`"
    return proof.replace(
        holds=proof.holds and not lines,
        summary=f"{proof.summary}; {told}",
        details=(*proof.details, *(line[:_LONGEST] for line in lines)),
    )


def find_shortfall(example: Acceptance, transcript: Transcript, tree: Path) -> Shortfall | None:
    """Return the first thing that a play with a tree's code lacks; `None`: it is as wanted."""
    if transcript.trouble:
        absent = [each for each in example.script.world.cogs if not has_cog(tree, each)]
        told = (
            f"there is no cog {absent[0]}"
            if absent
            else f"the bot does not hold: {transcript.trouble}"
        )
        return Shortfall(told, "no such cog" if absent else None)
    for at, step in enumerate(transcript.steps):
        found = _find_step_failure(step, transcript.commands)
        for wanted in example.wanted:
            if wanted.step == at and found is None:
                found = _find_missing_text(step, wanted)
        if found is not None:
            return found._replace(description=f"{format_step(at)} {found.description}")
    if len(transcript.steps) < len(example.script.steps):
        return Shortfall(f"{format_step(len(transcript.steps))} nothing was played")
    return None


def _find_step_failure(step: PlayedStep, commands: Sequence[str]) -> Shortfall | None:
    """Return why a step could not be done, or ended in no answer."""
    if step.refused:
        return Shortfall(step.refused, _classify_refusal(step, commands))
    if step.errors:
        return Shortfall(f"people get an error: {step.errors[0].error}")
    if step.unanswered:
        return Shortfall("people get no answer: Discord says that it did not respond")
    if step.wanted:
        return Shortfall(f"nothing answers {step.wanted[0]}")
    return None


def _classify_refusal(step: PlayedStep, commands: Sequence[str]) -> Absence:
    """Return what a refusal of Discord's is about: all else needs an answer that is another one."""
    match step.step:
        case CommandStep(command=name) | MenuStep(menu=name) | AutocompleteStep(autocomplete=name):
            return "no such option" if name in commands else "no such command"
        case _:
            return "another answer"


def _find_missing_text(step: PlayedStep, wanted: Wanted) -> Shortfall | None:
    lacking = describe_missing_text(wanted, _collect_text(step))
    return Shortfall(lacking, "another answer") if lacking else None


def _collect_text(step: PlayedStep) -> str:
    """Return all that whoever does a step sees of it; of what nobody does, what anybody sees."""
    person = step.step.by if isinstance(step.step, PersonStep) else None
    lines = (
        line
        for event in step.seen
        if event.kind != "notice" and (person is None or event.to in ("", person))
        for line in _list_lines(event)
    )
    return "\n".join(lines)


def _list_lines(event: SeenEvent) -> tuple[str, ...]:
    return tuple(line for line in (event.text, *event.parts) if line)


def _vary_seed(example: Acceptance) -> list[Script]:
    """Return an example's script with one seed after the other, the first as it is."""
    world = example.script.world
    plays = LUCK if any(each.one_of for each in example.wanted) else _RUN_COUNT
    seeds = range(world.seed, world.seed + plays)
    return [example.script.replace(world=world.replace(seed=seed)) for seed in seeds]


def _find_base_mismatch(base: ExampleRuns) -> str:
    """Return why an example is not red on base as it says; empty: it is, with any luck."""
    stated = base.example.missing
    for found in base.lacking:
        if found is None:
            return "it is answered so already"
        if found.missing is None:
            return f"it fails before the change, which is no wish: {found.description}"
        if found.missing not in (stated, "no such cog"):
            return f"“{stated}” is said, but on base it is “{found.missing}”: {found.description}"
    return "" if base.lacking else "it was not played"


def _find_head_mismatch(head: ExampleRuns) -> str:
    """Return what head's plays lack; empty: nothing, and what is left to chance is."""
    for found in head.lacking:
        if found is not None:
            return found.description
    for wanted in head.example.wanted:
        if (
            len({*wanted.one_of}) > 1
            and len({_find_outcome(wanted, each) for each in head.transcripts}) == 1
        ):
            return (
                f"{format_step(wanted.step)} it comes out the same in {len(head.transcripts)} plays"
            )
    return "" if head.lacking else "it was not played"


def _find_outcome(wanted: Wanted, transcript: Transcript) -> frozenset[str]:
    text = _collect_text(transcript.steps[wanted.step])
    return frozenset(each for each in wanted.one_of if each in text)


def _remove_flag(example: Acceptance, flag: str) -> Acceptance:
    world = example.script.world
    kept = tuple(each for each in world.flags if each != flag)
    return example.replace(script=example.script.replace(world=world.replace(flags=kept)))


def _find_flag_leak(head: ExampleRuns) -> str:
    """Return what is wrong with an example played with its flag off; empty: it is not there."""
    for found in head.lacking:
        if found is None:
            return "with the flag off it is answered so too"
        if found.missing is None:
            return f"with the flag off, {found.description}"
    return "" if head.lacking else "it was not played with the flag off"


def _describe_before(base: ExampleRuns) -> str:
    found = base.lacking[0]
    absence = found.missing if found and found.missing else base.example.missing
    return f"{absence} before"
