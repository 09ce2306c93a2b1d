"""Runs the examples of a brief: each has to fail on base as stated, and to pass on head."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from theseus_rehearsal.behaviour_diff import format_step
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_scripts
from theseus_rehearsal.records import (
    AutocompleteStep,
    CommandStep,
    MenuStep,
    PersonStep,
    PlayedStep,
    Script,
    SeenEvent,
    Transcript,
)

from bot.domain.brief import Absence, Acceptance, Brief, Wanted
from bot.domain.cogs import has_cog
from bot.domain.proof import Proof
from bot.proof.acceptance import LUCK, describe_missing_text, find_fixed_answers

_RUN_COUNT = 2  # runs of an example without random results: a single pass could be luck
_QUESTION = CommandStep | AutocompleteStep | MenuStep
_LONGEST = 300


class Shortfall(NamedTuple):
    """What a run lacks. `missing` is `None` for a failure that no feature request can explain."""

    description: str
    missing: Absence | None = None


class ExampleRuns(NamedTuple):
    """The runs of an example with one commit, each with another seed, and their shortfalls."""

    example: Acceptance
    transcripts: tuple[Transcript, ...]
    lacking: tuple[Shortfall | None, ...]


async def run_examples(rehearsal: Rehearsal, tree: Path, brief: Brief) -> tuple[ExampleRuns, ...]:
    """Run a brief's examples with the commit in `tree`. Raises `RehearsalError`."""
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
    """Return the examples that do not fail on base for the stated reason, for their author.

    Such an example proves nothing: it passes already, or fails for another reason.
    """
    return tuple(
        f"`{each.example.asked}`: {why}" for each in base if (why := _find_base_mismatch(each))
    )


def build_behaviour_proof(
    brief: Brief, base: Sequence[ExampleRuns], head: Sequence[ExampleRuns]
) -> Proof:
    """Return the proof by examples: each has to fail on base as stated, and to pass on head."""
    lines, failing = [], 0
    for before, after in zip(base, head, strict=True):
        example = before.example
        against = _find_base_mismatch(before) or _find_head_mismatch(after)
        failing += bool(against)
        end = against or f"{_describe_before(before)}, answered now"
        lines.append(f"`{example.asked}` → {example.expected}: {end}"[:_LONGEST])
    total = len(lines)
    examples = "1 example" if total == 1 else f"{total} examples"
    summary = f"{examples}: failing before, passing now"
    if failing:
        summary = f"{failing} of {examples} {'does' if failing == 1 else 'do'} not hold"
    return Proof(
        kind="behaviour",
        holds=bool(total) and not failing,
        summary=summary if total else "no example shows what people will see",
        details=(*lines, *find_fixed_answers(brief)),
    )


def disable_flag(brief: Brief) -> Brief:
    """Return the brief with only its examples that have its flag on, now with the flag off.

    Without a flag there are no examples.
    """
    flagged = [example for example in brief.acceptances if brief.flag in example.script.world.flags]
    return brief.replace(acceptances=tuple(_remove_flag(each, brief.flag) for each in flagged))


def add_flag_proof(
    brief: Brief, proof: Proof, off: Sequence[ExampleRuns], asked_in: Sequence[str]
) -> Proof:
    """Return the proof of a change behind a flag: with the flag off, nothing may change.

    `off` are runs of `disable_flag` with head; empty if nothing can be run. `asked_in` are
    head's files that check the flag.
    """
    lines = [f"`{each.example.asked}`: {why}" for each in off if (why := _find_flag_leak(each))]
    if not asked_in:
        lines.append(f"no cog checks the flag `{brief.flag}`")
    summary = f"with the flag `{brief.flag}` off, nothing changes"
    if not off:
        summary = f"the flag `{brief.flag}` is checked, but nothing was played with it off"
    if lines:
        summary = f"the change is not behind the flag `{brief.flag}`"
    return proof.replace(
        holds=proof.holds and not lines,
        summary=f"{proof.summary}; {summary}",
        details=(*proof.details, *(line[:_LONGEST] for line in lines)),
    )


def find_shortfall(example: Acceptance, transcript: Transcript, tree: Path) -> Shortfall | None:
    """Return the first shortfall of a run with a tree's code; `None` if all is as wanted."""
    if transcript.trouble:
        absent = [cog for cog in example.script.world.cogs if not has_cog(tree, cog)]
        description = (
            f"there is no cog {absent[0]}"
            if absent
            else f"the bot does not hold: {transcript.trouble}"
        )
        return Shortfall(description, "no such cog" if absent else None)
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
    """Return why a step could not be done, or was not answered."""
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
    """Return what a refusal by Discord says is missing, by default another answer."""
    match step.step:
        case CommandStep(command=name) | MenuStep(menu=name) | AutocompleteStep(autocomplete=name):
            return "no such option" if name in commands else "no such command"
        case _:
            return "another answer"


def _find_missing_text(step: PlayedStep, wanted: Wanted) -> Shortfall | None:
    lacking = describe_missing_text(wanted, _collect_text(step))
    return Shortfall(lacking, "another answer") if lacking else None


def _collect_text(step: PlayedStep) -> str:
    """Return all text that the acting person sees of a step; without a person, all visible text."""
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
    """Return an example's script with several seeds, the first as it is."""
    world = example.script.world
    plays = LUCK if any(each.one_of for each in example.wanted) else _RUN_COUNT
    seeds = range(world.seed, world.seed + plays)
    return [example.script.replace(world=world.replace(seed=seed)) for seed in seeds]


def _find_base_mismatch(base: ExampleRuns) -> str:
    """Return why an example does not fail on base as stated, or an empty string."""
    stated = base.example.missing
    for found in base.lacking:
        if found is None:
            return "it is already answered this way"
        if found.missing is None:
            return f"it fails before the change with an error: {found.description}"
        if found.missing not in (stated, "no such cog"):
            return f"it says “{stated}”, but on base it is “{found.missing}”: {found.description}"
    return "" if base.lacking else "it was not played"


def _find_head_mismatch(head: ExampleRuns) -> str:
    """Return the shortfall of head's runs, also if random results never vary; else empty."""
    for found in head.lacking:
        if found is not None:
            return found.description
    for wanted in head.example.wanted:
        if (
            len({*wanted.one_of}) > 1
            and len({_find_outcome(wanted, transcript) for transcript in head.transcripts}) == 1
        ):
            plays = len(head.transcripts)
            return f"{format_step(wanted.step)} the result is the same in {plays} plays"
    return "" if head.lacking else "it was not played"


def _find_outcome(wanted: Wanted, transcript: Transcript) -> frozenset[str]:
    text = _collect_text(transcript.steps[wanted.step])
    return frozenset(each for each in wanted.one_of if each in text)


def _remove_flag(example: Acceptance, flag: str) -> Acceptance:
    world = example.script.world
    flags = tuple(each for each in world.flags if each != flag)
    return example.replace(script=example.script.replace(world=world.replace(flags=flags)))


def _find_flag_leak(head: ExampleRuns) -> str:
    """Return why an example is not hidden by its flag, or an empty string."""
    for found in head.lacking:
        if found is None:
            return "it is answered this way with the flag off too"
        if found.missing is None:
            return f"with the flag off, {found.description}"
    return "" if head.lacking else "it was not played with the flag off"


def _describe_before(base: ExampleRuns) -> str:
    found = base.lacking[0]
    absence = found.missing if found and found.missing else base.example.missing
    return f"{absence} before"
