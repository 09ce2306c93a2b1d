"""Tries a proposal: what users get today, and with the proposed commit."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from theseus_guard.syntax import evaluate_literal
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_script
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    PersonStep,
    Script,
    ScriptStep,
    ScriptWorld,
    Transcript,
)
from theseus_rehearsal.scripts import describe_step, format_steps, parse_steps
from theseus_rehearsal.visible_lines import list_visible_lines

from bot.domain.cogs import get_cog_name
from bot.domain.errors import TooMany, WrongStage
from bot.domain.history import History
from bot.domain.journal import Kind
from bot.domain.trials import Trial
from bot.ports.store import Store
from bot.ports.traffic import TrafficLog, find_failure_record
from bot.ports.trees import CommitTrees
from bot.proof.regression_scripts import build_script_with_setup

MOST = 3  # at a time, because each trial starts two bots
LONGEST = 1_000  # characters of what is typed
_FORM = "Write one line for each step: `/roll dice:2d6`, then `press: Again`."
_BEFORE = timedelta(days=7)  # how far back the use that created a button may be
_PEOPLE = ScriptWorld().people


class ProposalTrials:
    """Runs what a person typed with base and with the proposed head, each on its own server."""

    def __init__(
        self, store: Store, rehearsal: Rehearsal, trees: CommitTrees, traffic: TrafficLog
    ) -> None:
        self._store = store
        self._rehearsal = rehearsal
        self._trees = trees
        self._traffic = traffic
        self._under_way = 0

    async def suggest_lines(self, run_id: str) -> str:
        """Return the failure as lines to try: the command as typed, or a button with its set-up.

        Empty if none of it is known.
        """
        history = await self._store.get_history(run_id)
        recorded = await self._find_recorded(history)
        return get_failed_command(history) if recorded is None else _format_script(recorded)

    async def run(self, run_id: str, lines: str) -> Trial:
        """Run a few typed lines with both commits; the unchanged suggestion runs as recorded.

        Raises `WrongStage` if nothing is proposed or a line cannot be parsed, `TooMany` if too many
        trials are under way, `RehearsalError` if nothing can be run, `StoreError`,
        `WorkspaceError`.
        """
        history = await self._store.get_history(run_id)
        change, head = history.change_set, _get_head(history)
        if change is None or not head:
            raise WrongStage(f"Run `{run_id}` has proposed nothing that could be tried.")
        recorded = await self._find_recorded(history)
        is_suggestion = recorded is not None and _split_lines(lines) == _split_lines(
            _format_script(recorded)
        )
        script = recorded if is_suggestion and recorded else _parse_script(history, lines)
        if self._under_way >= MOST:
            raise TooMany(f"{MOST} trials are already under way. Try again when one is done.")
        self._under_way += 1
        try:
            base = change.base
            old, new = await asyncio.gather(
                self._run_script(base, script), self._run_script(head, script)
            )
        finally:
            self._under_way -= 1
        before, after = _list_answers(script, old, new)
        steps_text = "; ".join(describe_step(step) for step in script.steps)
        return Trial(
            asked=steps_text,
            base=base,
            head=head,
            before=before,
            after=after,
            cogs=script.world.cogs,
            is_incomplete=all(any(step.refused for step in side.steps) for side in (old, new)),
        )

    async def _run_script(self, commit: str, script: Script) -> Transcript:
        async with self._trees.open_tree(commit) as tree:
            return await run_script(self._rehearsal, tree, script)

    async def _find_recorded(self, history: History) -> Script | None:
        """Return the failed button or form after the use that may have created it, if recorded.

        If a replay has found which set-up or web services the failure needs, exactly that is
        returned, for commands too.
        """
        replay = history.plan.replay if history.plan else None
        if replay is not None and not replay.snapshot and (replay.setup or replay.script.world.web):
            return _add_cogs(replay.script, history)
        groups = history.evidence.groups if history.evidence else ()
        record = await find_failure_record(self._traffic, groups[0]) if groups else None
        if record is None or isinstance(record.step, CommandStep):
            return None
        known = await self._traffic.list_since(record.at - _BEFORE)
        return _add_cogs(
            build_script_with_setup(record, [each for each in known if each.ok]), history
        )


def _get_head(history: History) -> str:
    """Return the commit people may try: the proposal, or an unproven change that waits for them."""
    if history.proposal is not None:
        return history.proposal.head
    change, verdict = history.change_set, history.verdict
    is_shown = change is not None and change.plausible_edit is not None
    return verdict.head if is_shown and verdict is not None and verdict.is_passing else ""


def _add_cogs(script: Script, history: History) -> Script:
    """Return a recorded script on a server that also has the cogs of the change."""
    cogs = {*script.world.cogs, *_build_world(history).cogs}
    return script.replace(world=script.world.replace(cogs=tuple(sorted(cogs))))


def _format_script(script: Script) -> str:
    """Return a recorded script as lines; some scripts can only run as recorded."""
    last = script.steps[-1]
    asker = last.by if isinstance(last, PersonStep) else ""
    lines = format_steps(script.steps, asker)
    return lines or "\n".join(describe_step(step) for step in script.steps)[:LONGEST]


def _split_lines(lines: str) -> list[str]:
    return [line.strip() for line in lines.split("\n") if line.strip()]


def _list_answers(
    script: Script, old: Transcript, new: Transcript
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the answers to the last step, and to other steps where both sides differ."""
    sides = list_visible_lines(old), list_visible_lines(new)
    steps = sorted({*sides[0], *sides[1]} - {-1})
    last = len(script.steps) - 1
    step_numbers = [
        at for at in steps if at >= last or sides[0].get(at, ()) != sides[1].get(at, ())
    ]
    has_several = len(step_numbers) > 1
    before, after = (
        _format_answers(side, step_numbers, script.steps if has_several else ()) for side in sides
    )
    return before, after


def _format_answers(
    side: dict[int, tuple[str, ...]], step_numbers: Sequence[int], steps: Sequence[ScriptStep]
) -> tuple[str, ...]:
    lines: list[str] = []
    for at in step_numbers:
        lines += [f"{describe_step(steps[at])}:"] if at < len(steps) else []
        lines += side.get(at, ())
    return tuple(lines)


def get_failed_command(history: History) -> str:
    """Return the failed slash command of a run with its options; empty if there is none."""
    groups = history.evidence.groups if history.evidence else ()
    failure = groups[0].newest if groups else None
    if failure is None or failure.error is None or failure.kind is not Kind.COMMAND:
        return ""
    options = {name: evaluate_literal(source) for name, source in failure.error.inputs.items()}
    plain = {name: value for name, value in options.items() if isinstance(value, str | int | float)}
    return describe_step(CommandStep(command=failure.name, options=plain))


def _parse_script(history: History, lines: str) -> Script:
    """Return the typed lines as a script whose people exist. Raises `WrongStage`."""
    try:
        steps = parse_steps(lines)
    except ValueError as error:
        raise WrongStage(f"{error}. {_FORM}") from None
    known = {each.name for each in _PEOPLE}
    named = dict.fromkeys(each.by for each in steps if isinstance(each, PersonStep))
    others = tuple(Actor(name=each) for each in named if each not in known)
    world = _build_world(history).replace(people=(*_PEOPLE, *others), flags=_list_flags(history))
    return Script(world=world, steps=steps)


def _list_flags(history: History) -> tuple[str, ...]:
    """Return the flags for the trial: the change's own flag, or those of the replay."""
    if history.brief is not None:
        return (history.brief.flag,) if history.brief.flag else ()
    replay = history.plan.replay if history.plan else None
    return replay.script.world.flags if replay else ()


def _build_world(history: History) -> ScriptWorld:
    """Return a server with the cogs the change edits, or else those that failed."""
    edited = [change.path for change in history.change_set.files] if history.change_set else []
    capsule = history.evidence.capsule if history.evidence else None
    failed = [frame.file for frame in capsule.frames] if capsule else []
    for files in (edited, failed):
        cogs = {get_cog_name(file) for file in files} - {""}
        if cogs:
            return ScriptWorld(cogs=tuple(sorted(cogs)))
    return ScriptWorld()
