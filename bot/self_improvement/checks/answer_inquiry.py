"""Investigates incorrect output: which command, what it outputs, and since which commit."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

import structlog
from theseus_observe.redaction import redact
from theseus_rehearsal.answer_history import find_changed_answer
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.scripts import describe_step
from theseus_rehearsal.web_addresses import find_moved_address, replace_address

from bot.domain.errors import RehearsalError, StoreError, WorkspaceError
from bot.domain.evidence import Commit, Suspect
from bot.domain.incorrect_output import AnswerExample, AnswerSince, IncorrectOutput
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.run import Trigger
from bot.domain.traffic import TrafficRecord
from bot.grammar.changes import is_failure_statement
from bot.grammar.incorrect_output import (
    answer_claim,
    can_be_about_output,
    has_specific_fault,
    is_output_report,
)
from bot.ports.clock import Clock
from bot.ports.traffic import CatchUp, CogLoads, TrafficLog, list_no_loads
from bot.ports.trees import CommitTrees
from bot.proof.example_scripts import (
    build_example,
    find_command_source,
    find_first_difference,
    find_uses_by_value,
    find_uses_of_cogs,
    list_answer_lines,
)
from bot.self_improvement.checks.answer_examples import (
    InspectedTree,
    cog_texts,
    format_command,
    list_recent_commands,
    match_uses,
)
from bot.self_improvement.checks.answer_replays import AnswerReplays, Lines

MOST_COMMITS = 64
"""The number of commits that are searched, newest first."""
_NEAR = 8  # the newest commits are searched first, because most reports are about recent changes
_KNOWN, _LIKELY = 1_000, 4
_LINES, _LONGEST = 6, 160
_log = structlog.stdlib.get_logger(__name__)


class AnswerInquiry:
    """Finds the example of a report and replays it with current and earlier commits.

    `commands` returns the names of all commands, `called` the pseudonym of an interaction id.
    `catch_up` writes pending traffic to the log. `lookback` limits how old a use may be. `loads`
    returns when a cog was loaded.
    """

    def __init__(
        self,
        rehearsal: Rehearsal,
        trees: CommitTrees,
        traffic: TrafficLog,
        clock: Clock,
        *,
        commands: Callable[[], Collection[str]],
        called: Callable[[int], str],
        catch_up: CatchUp,
        lookback: timedelta,
        loads: CogLoads = list_no_loads,
    ) -> None:
        self._rehearsal = rehearsal
        self._trees = trees
        self._traffic = traffic
        self._clock = clock
        self._commands = commands
        self._called = called
        self._catch_up = catch_up
        self._lookback = lookback
        self._loads = loads

    async def examine_request(
        self, trigger: Trigger, base: str, attempt: int
    ) -> IncorrectOutput | None:
        """Return what is known of a report of incorrect output; `None` if it is no such report.

        If a person reports that a command fails and it was refused, the refusal is the output. Also
        returns `None` if nothing can be replayed here. Raises `WorkspaceError`.
        """
        text = f"{trigger.subject}\n{trigger.text}"
        answered = self._called(trigger.answered) if trigger.answered else ""
        fails = is_failure_statement(trigger.text)
        if not (fails or _is_of_answer(trigger)):
            return None
        known = await self._list_uses()
        if fails and not (answered := self._find_refusal(text, known)):
            return None
        return await self._examine(text, answered, known, base, attempt)

    async def is_known(self, trigger: Trigger) -> bool:
        """Return whether a report of incorrect output names an output that can be replayed.

        A command that is named only by words counts if the report says what is wrong with it.
        """
        text = f"{trigger.subject}\n{trigger.text}"
        if is_failure_statement(trigger.text):
            return bool(self._find_refusal(text, await self._list_uses()))
        if not _is_of_answer(trigger):
            return False
        claim = answer_claim(text, self._commands())
        if trigger.answered or claim.typed:
            return True
        if claim.named and has_specific_fault(trigger.text or trigger.subject):
            return True
        known = await self._list_uses()
        names_fault = has_specific_fault(trigger.text or trigger.subject)
        return bool(
            find_uses_by_value(known, claim.values)
            or (names_fault and find_uses_of_cogs(known, text))
        )

    def _find_refusal(self, text: str, known: Sequence[TrafficRecord]) -> str:
        """Return the pseudonym of the newest use of a named command, if it was refused.

        Such a use has not failed: the person was told that they, or the bot, may not do this.
        """
        typed, named, _ = answer_claim(text, self._commands())
        events = {f"{Kind.COMMAND}.{each}" for each in ([typed.name] if typed else named)}
        uses = [each for each in known if each.event in events]
        newest = max(uses, key=lambda each: each.at, default=None)
        refused = newest is not None and newest.outcome is ActionOutcome.CANCELLED
        return newest.pseudonyms.get("interaction", "") if newest and refused else ""

    async def examine_command(self, text: str, base: str, attempt: int) -> IncorrectOutput | None:
        """Return the same for a command that a person has named. Raises `WorkspaceError`."""
        return await self._examine(text, "", await self._list_uses(), base, attempt)

    async def change(self, since: AnswerSince) -> Suspect | None:
        """Return what the commit changed; `None` if it cannot be read."""
        try:
            return await self._trees.get_change(since.commit.sha)
        except WorkspaceError as error:
            _log.warning("the change of a commit cannot be shown: %s", error)
            return None

    async def _examine(
        self, text: str, answered: str, known: Sequence[TrafficRecord], base: str, attempt: int
    ) -> IncorrectOutput | None:
        """Return the result of a report; of several uses, the one whose output has changed."""
        try:
            async with self._trees.open_tree(base) as folder:
                cogs = await asyncio.to_thread(cog_texts, folder)
                tree = InspectedTree(folder, known, cogs)
                now = self._clock.now()
                matched = match_uses(text, answered, tree, self._commands(), now)
                for record in matched.records:
                    found = await self._examine_use(record, tree, base, attempt)
                    if found is not None and (found.since or matched.only):
                        return found
        except RehearsalError as error:
            _log.warning("incorrect output cannot be investigated: %s", error)
            return None
        form = format_command(matched.records[0], cogs) if matched.only else ""
        named = () if matched.named_by_cog else matched.records
        likely = (
            []
            if form
            else [describe_step(each.step) for each in named] or list_recent_commands(known)
        )
        return IncorrectOutput(
            attempt=attempt, form=form, likely=tuple(map(redact, likely[:_LIKELY]))
        )

    async def _examine_use(
        self, record: TrafficRecord, tree: InspectedTree, base: str, attempt: int
    ) -> IncorrectOutput | None:
        """Return the result if the report is about this use; `None` if it cannot be replayed."""
        output = await self._load_output(record, tree)
        if output is None:
            return None
        example, today = output
        source = find_command_source(tree.cogs, example.event.partition(".")[2])
        example = example.replace(file=source.file if source else "")
        return await self._find_change(example, today, base, attempt)

    async def _list_uses(self) -> Sequence[TrafficRecord]:
        since = self._clock.now() - self._lookback
        await self._catch_up()
        try:
            return await self._traffic.list_since(since, limit=_KNOWN)
        except StoreError as error:
            _log.warning("investigating incorrect output without recorded traffic: %s", error)
            return ()

    async def _load_output(
        self, record: TrafficRecord, tree: InspectedTree
    ) -> tuple[AnswerExample, Lines] | None:
        """Return the example with its current output; `None` if it cannot be replayed.

        The example is as small as possible: alone if its output is the same without earlier uses
        and without the bot's restarts in between.
        """
        loads = await self._loads(record.cog)
        examples = [build_example(record)]
        for longer in (build_example(record, tree.known), build_example(record, tree.known, loads)):
            examples += [longer] if longer != examples[-1] else []
        output: tuple[AnswerExample, Lines] | None = None
        async with self._rehearsal.open(tree.folder) as player:
            for each in examples:
                candidate = await _run_example(each, player)
                if candidate is not None and (output is None or candidate[1] != output[1]):
                    output = candidate
        return output

    async def _find_change(
        self, example: AnswerExample, today: Lines, base: str, attempt: int
    ) -> IncorrectOutput:
        """Return the result with the newest change of the example's output."""
        commits = await self._trees.list_commits(base, limit=MOST_COMMITS)
        replays = AnswerReplays(self._rehearsal, self._trees, example, {base: today}, self._clock)
        since = None
        for looked_at in dict.fromkeys((min(_NEAR, len(commits)), len(commits))):
            near = commits[-looked_at:]
            changed = await find_changed_answer([each.sha for each in near], replays.answer)
            if changed is not None:
                old, new = find_first_difference(changed.old, changed.new)
                since = AnswerSince(
                    commit=_find_commit(commits, changed.after),
                    before=changed.before,
                    old=_shorten(old),
                    new=_shorten(new),
                    unplayed=len(changed.between),
                )
                break
        return IncorrectOutput(
            attempt=attempt,
            example=example.replace(asked=_shorten(example.asked)),
            today=tuple(map(_shorten, today[:_LINES])),
            since=since,
            commits=len(commits),
            replay_count=replays.replay_count,
        )


def _is_of_answer(trigger: Trigger) -> bool:
    """Return whether the request may be a report of incorrect output."""
    return bool(trigger.answered or is_output_report(trigger.text) or _is_to_be_fixed(trigger))


def _is_to_be_fixed(trigger: Trigger) -> bool:
    """Return whether a person wants a fix without describing how it fails.

    If nothing has failed, such a request is about the output, and people say which output is right.
    """
    by_person = trigger.goal == "fix" and trigger.origin == "person"
    return by_person and bool(trigger.subject) and can_be_about_output(trigger.text)


async def _run_example(
    example: AnswerExample, runner: ScriptRunner
) -> tuple[AnswerExample, Lines] | None:
    """Return the example and its output; web addresses are corrected if the service has moved."""
    transcript = await runner.run(example.script)
    moved = find_moved_address(example.script, transcript)
    if moved is not None:
        example = example.replace(script=replace_address(example.script, moved))
        transcript = await runner.run(example.script)
    lines = list_answer_lines(transcript, example.at)
    return None if lines is None else (example, lines)


def _find_commit(commits: Sequence[Commit], sha: str) -> Commit:
    return next(each for each in commits if each.sha == sha)


def _shorten(text: str) -> str:
    return redact(text)[:_LONGEST]
