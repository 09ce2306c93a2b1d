"""Looks into a wrong answer: which command is meant, what it answers, since which commit."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from bot.domain.errors import RehearsalError, StoreError, WorkspaceError
from bot.domain.evidence import Commit, Suspect
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.rehearsal import CommandStep
from bot.domain.run import Trigger
from bot.domain.traffic import TrafficRecord
from bot.domain.wrong_answer import AnswerExample, AnswerSince, WrongAnswer
from bot.grammar.changes import says_it_fails
from bot.grammar.wrong_answers import (
    AnswerClaim,
    TypedCommand,
    answer_claim,
    complains_of_answer,
    may_be_of_answer,
    says_what_is_wrong,
)
from bot.ports.clock import Clock
from bot.ports.rehearsal import Rehearsal, play_all
from bot.ports.traffic import CatchUp, TrafficLog
from bot.ports.trees import CommitTrees
from bot.proof.answer_history import changed_answer
from bot.proof.example_scripts import (
    answer_lines,
    command_source,
    example_of,
    first_difference,
    typed_record,
    used_like,
    used_with,
)
from bot.proof.scripts import asked
from bot.redaction import redact
from bot.self_improvement.answer_plays import AnswerPlays, Lines

MOST_COMMITS = 64
"""How many commits are looked through, from the newest on."""
_NEAR = 8  # the newest commits, looked through first: what is complained of is mostly new
_KNOWN, _LIKELY = 1_000, 4
_LINES, _LONGEST = 6, 160
_log = logging.getLogger(__name__)


class _Tree(NamedTuple):
    """The commit that is looked into, laid out; the traffic that is known, and its cogs' texts."""

    folder: Path
    known: Sequence[TrafficRecord]
    cogs: Mapping[str, str]


class AnswerInquiry:
    """Finds a complaint's example and plays it, with today's code and that of before.

    `commands` returns the names of all commands, `called` what traffic calls an interaction by its
    id; `catch_up` has the traffic written down that people were answered until then; `lookback` is
    how far back commands that were used count.
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
    ) -> None:
        self._rehearsal = rehearsal
        self._trees = trees
        self._traffic = traffic
        self._clock = clock
        self._commands = commands
        self._called = called
        self._catch_up = catch_up
        self._lookback = lookback

    async def of(self, trigger: Trigger, base: str, attempt: int) -> WrongAnswer | None:
        """Return what is known of a complaint; `None` where it is none about an answer.

        Who was refused says that a command fails: then the refusal is the answer. `None` too where
        nothing can be played here. Raises `WorkspaceError`.
        """
        text = f"{trigger.subject}\n{trigger.text}"
        answered = self._called(trigger.answered) if trigger.answered else ""
        fails = says_it_fails(trigger.text)
        if not (fails or _is_of_answer(trigger)):
            return None
        known = await self._used()
        if fails and not (answered := self._refused(text, known)):
            return None
        return await self._looked_into(text, answered, known, base, attempt)

    async def is_known(self, trigger: Trigger) -> bool:
        """Whether an answer is complained of, and which one is told: it can be played.

        A command that is only named by its words counts where it is said what is wrong with it.
        """
        text = f"{trigger.subject}\n{trigger.text}"
        if says_it_fails(trigger.text):
            return bool(self._refused(text, await self._used()))
        if not _is_of_answer(trigger):
            return False
        claim = answer_claim(text, self._commands())
        if trigger.answered or claim.typed:
            return True
        if claim.named and says_what_is_wrong(trigger.text or trigger.subject):
            return True
        return bool(used_with(await self._used(), claim.values))

    def _refused(self, text: str, known: Sequence[TrafficRecord]) -> str:
        """Return what traffic calls the newest use of a command that is named, if it was refused.

        Nothing failed then: whoever asked was told that they, or the bot, may not do it.
        """
        typed, named, _ = answer_claim(text, self._commands())
        events = {f"{Kind.COMMAND}.{each}" for each in ([typed.name] if typed else named)}
        uses = [each for each in known if each.event in events]
        newest = max(uses, key=lambda each: each.at, default=None)
        refused = newest is not None and newest.outcome is ActionOutcome.CANCELLED
        return newest.pseudonyms.get("interaction", "") if newest and refused else ""

    async def named(self, text: str, base: str, attempt: int) -> WrongAnswer | None:
        """Return the same for a command that somebody names when asked. Raises `WorkspaceError`."""
        return await self._looked_into(text, "", await self._used(), base, attempt)

    async def change(self, since: AnswerSince) -> Suspect | None:
        """Return what the commit changed; `None` where that cannot be told."""
        try:
            return await self._trees.change(since.commit.sha)
        except WorkspaceError as error:
            _log.warning("a commit's change is not shown: %s", error)
            return None

    async def _looked_into(
        self, text: str, answered: str, known: Sequence[TrafficRecord], base: str, attempt: int
    ) -> WrongAnswer | None:
        try:
            async with self._trees.laid_out(base) as folder:
                cogs = await asyncio.to_thread(_cogs, folder)
                tree = _Tree(folder, known, cogs)
                found = await self._examples(text, answered, tree)
                shown = await self._shown(found[0], tree) if len(found) == 1 else None
        except RehearsalError as error:
            _log.warning("a wrong answer is not looked into: %s", error)
            return None
        if shown is None:
            form = _form(found[0], cogs) if len(found) == 1 else ""
            likely = [] if form else [asked(each.step) for each in found] or _newest(known)
            shown_likely = tuple(map(redact, likely[:_LIKELY]))
            return WrongAnswer(attempt=attempt, form=form, likely=shown_likely)
        example, today = shown
        source = command_source(cogs, example.event.partition(".")[2])
        example = example.but(file=source.file if source else "")
        return await self._since(example, today, base, attempt)

    async def _used(self) -> Sequence[TrafficRecord]:
        since = self._clock.now() - self._lookback
        await self._catch_up()
        try:
            return await self._traffic.since(since, limit=_KNOWN)
        except StoreError as error:
            _log.warning("looking into a wrong answer without what was asked: %s", error)
            return ()

    async def _examples(self, text: str, answered: str, tree: _Tree) -> tuple[TrafficRecord, ...]:
        """Return what may be meant: the answer replied to, the command named, or values of one."""
        replied = [
            e for e in tree.known if answered and e.pseudonyms.get("interaction") == answered
        ]
        if replied:
            return (replied[-1],)
        claim = answer_claim(text, self._commands())
        commands = [claim.typed] if claim.typed else [TypedCommand(each) for each in claim.named]
        found = [await self._use_of(each, claim, text, tree) for each in commands]
        return tuple(filter(None, found)) or (
            () if commands else used_with(tree.known, claim.values)
        )

    async def _use_of(
        self, typed: TypedCommand, claim: AnswerClaim, text: str, tree: _Tree
    ) -> TrafficRecord | None:
        """Return a command as it was used, or as it was typed where it was not used so."""
        used = used_like(tree.known, typed, text)
        if used is not None:
            return used
        source = command_source(tree.cogs, typed.name)
        if source is None:
            return None
        given = typed.given or ("" if claim.typed else " ".join(claim.values[:1]))
        like = next((each for each in reversed(tree.known) if each.cog == source.cog), None)
        now = self._clock.now()
        return typed_record(TypedCommand(typed.name, given), source, like, now)

    async def _shown(
        self, record: TrafficRecord, tree: _Tree
    ) -> tuple[AnswerExample, Lines] | None:
        """Return the example with what people read today; `None` where it cannot be asked.

        Alone, if it is answered in the same way without what was asked before.
        """
        alone, whole = example_of(record), example_of(record, tree.known)
        examples = [alone] if alone == whole else [alone, whole]
        plays = await play_all(self._rehearsal, tree.folder, [each.script for each in examples])
        lines = [answer_lines(p, e.at) for p, e in zip(plays, examples, strict=True)]
        if lines[-1] is not None and lines[-1] != lines[0]:
            return examples[-1], lines[-1]
        return None if lines[0] is None else (alone, lines[0])

    async def _since(
        self, example: AnswerExample, today: Lines, base: str, attempt: int
    ) -> WrongAnswer:
        """Return the complaint with the newest change of its answer that is found."""
        commits = await self._trees.line(base, limit=MOST_COMMITS)
        plays = AnswerPlays(self._rehearsal, self._trees, example, {base: today}, self._clock)
        since = None
        for looked_at in dict.fromkeys((min(_NEAR, len(commits)), len(commits))):
            near = commits[-looked_at:]
            changed = await changed_answer([each.sha for each in near], plays.answer)
            if changed is not None:
                old, new = first_difference(changed.old, changed.new)
                since = AnswerSince(
                    commit=_named(commits, changed.after),
                    before=changed.before,
                    old=_short(old),
                    new=_short(new),
                    unplayed=len(changed.between),
                )
                break
        return WrongAnswer(
            attempt=attempt,
            example=example.but(asked=_short(example.asked)),
            today=tuple(map(_short, today[:_LINES])),
            since=since,
            commits=len(commits),
            plays=plays.played,
        )


def _is_of_answer(trigger: Trigger) -> bool:
    """Whether somebody may complain of an answer."""
    return bool(trigger.answered or complains_of_answer(trigger.text) or _is_to_be_fixed(trigger))


def _is_to_be_fixed(trigger: Trigger) -> bool:
    """Whether somebody wants a thing mended and does not say how it goes wrong, nor that it fails.

    An order to fix what has not failed is about what it answers; people say which answer is right.
    """
    by_person = trigger.goal == "fix" and trigger.origin == "person"
    return by_person and bool(trigger.subject) and may_be_of_answer(trigger.text)


def _cogs(tree: Path) -> dict[str, str]:
    """Return the texts of a tree's cogs by their paths."""
    found = {}
    for file in sorted((tree / "cogs").rglob("*.py")):
        if file.is_file() and not file.is_symlink():
            text = file.read_text(encoding="utf-8", errors="replace")
            found[file.relative_to(tree).as_posix()] = text
    return found


def _form(record: TrafficRecord, cogs: Mapping[str, str]) -> str:
    """Return how a command is typed of which no options are known; nothing where it needs none."""
    step = record.step
    if not isinstance(step, CommandStep) or step.options:
        return ""
    source = command_source(cogs, step.command)
    options = source.options if source else ()
    return " ".join((f"/{step.command}", *(f"{each}:…" for each in options))) if options else ""


def _newest(known: Sequence[TrafficRecord]) -> list[str]:
    """Return the commands that were used last, each once, as they were typed."""
    commands = [e for e in reversed(known) if e.ok and e.cog and e.event.startswith("command.")]
    return [*{each.event: asked(each.step) for each in reversed(commands)}.values()][::-1]


def _named(commits: Sequence[Commit], sha: str) -> Commit:
    return next(each for each in commits if each.sha == sha)


def _short(text: str) -> str:
    return redact(text)[:_LONGEST]
