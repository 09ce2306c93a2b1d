"""Evaluates how the commands of a shipped change are used, from the journal."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.detection.flag_comparison import Signs, UsedEvent, build_side, describe_regressions
from bot.detection.use import judge_use, use_of
from bot.domain.flag import Flag
from bot.domain.history import History
from bot.domain.journal import Action, JournalQuery, format_event_name
from bot.domain.proposal import Outcome, Shipment
from bot.domain.run import Run
from bot.domain.samples import Sample, parse_sample
from bot.domain.use import ChangeFeedback, FlagComparison, Promise, UseReport, UseWatch
from bot.domain.watch import Comparison, WatchRules
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.presentation.markdown import escape_line
from bot.proof.time_limits import find_promised_ms
from bot.self_improvement.watch.changed_commands import list_changed_events
from bot.self_improvement.watch.fix_evaluator import (
    MANY,
    can_be_judged,
    count_minutes,
    split_samples,
)


class UseEvaluator:
    """Starts counting the use of changes, and evaluates it.

    `commands` returns all current commands with their cogs. `days` is how long use is counted
    before it is reported; 0 means that it is not reported.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        rules: WatchRules,
        *,
        commands: Callable[[], Mapping[str, str]],
        days: float,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._rules = rules
        self._commands = commands
        self._counted_for = timedelta(days=days)

    def begin(self, run: Run, history: History, shipment: Shipment) -> UseWatch | None:
        """Return the watch for a change that is live now; `None` if it affects no commands."""
        if run.goal != "change" or history.proposal is None:
            return None
        changed = list_changed_events(history, self._commands())
        if not changed.events:
            return None
        now = self._clock.now()
        return UseWatch(
            run_id=run.id,
            events=changed.events,
            new=changed.new,
            number=history.proposal.number,
            merge_commit=shipment.merge_commit,
            began_at=now,
            before_since=now - self._counted_for,
            until=now + timedelta(minutes=self._rules.minutes),
            tell_at=now + self._counted_for if self._counted_for else None,
            promise=_get_promise(history),
            flag=history.brief.flag if history.brief else "",
        )

    async def find_regression(self, watch: UseWatch) -> Outcome | None:
        """Return a regression, if one can already be judged; else `None`.

        Raises `JournalError`.
        """
        now = self._clock.now()
        for event in watch.events:
            found = await self._compare(watch, event, min(now, watch.until))
            if found.verdict != "regressed":
                continue
            if event in watch.new or can_be_judged(
                found, self._rules, has_ended=now >= watch.until
            ):
                named = escape_line(f"`{format_event_name(event)}`")
                return Outcome(
                    run_id=watch.run_id,
                    verdict="regressed",
                    reasons=tuple(f"{named}: {reason}" for reason in found.reasons),
                    comparison=found,
                    at=now,
                )
        return None

    async def report(self, watch: UseWatch) -> UseReport:
        """Return how each command was used since the change came live. Raises `JournalError`."""
        now = self._clock.now()
        uses = []
        for event in watch.events:
            seen = await self._journal.list_samples(
                since=watch.before_since, until=now, event=event
            )
            uses.append(use_of(event, *split_samples(seen, watch.began_at), watch.promise))
        return UseReport(run_id=watch.run_id, since=watch.began_at, uses=tuple(uses), at=now)

    async def compare_by_flag(
        self, watch: UseWatch, flag: Flag, feedback: ChangeFeedback
    ) -> FlagComparison | None:
        """Return users with the flag compared to users without; `None` if there are too few uses.

        The number of uses with the flag must reach the watch's volume, or one after a watch's
        duration. Raises `JournalError`.
        """
        now, since = self._clock.now(), max(flag.at, watch.began_at)
        events = []
        for event in watch.events:
            query = JournalQuery(event=event, since=since, until=now, limit=MANY)
            on, off = _split_by_flag(await self._journal.read(query), flag.name)
            events.append(UsedEvent(event, on, off, event in watch.new))
        on_signs, off_signs = (
            _count_signs(feedback, flagged=True),
            _count_signs(feedback, flagged=False),
        )
        on_side = build_side([each.on for each in events], on_signs)
        waited = now - since >= timedelta(minutes=self._rules.minutes)
        if on_side.uses < (1 if waited else self._rules.volume):
            return None
        return FlagComparison(
            since=since,
            on=on_side,
            off=build_side([each.off for each in events], off_signs),
            worse=describe_regressions(events, on_signs, off_signs, self._rules.alpha),
        )

    async def _compare(self, watch: UseWatch, event: str, until: datetime) -> Comparison:
        since = watch.began_at - timedelta(hours=self._rules.before_hours)
        seen = await self._journal.list_samples(since=since, until=until, event=event)
        before, after = split_samples(seen, watch.began_at)
        compared = partial(
            judge_use,
            before,
            after,
            self._rules,
            new=event in watch.new,
            before_minutes=count_minutes(since, watch.began_at),
            after_minutes=count_minutes(watch.began_at, until),
        )
        return compared() if len(seen) < MANY else await asyncio.to_thread(compared)


def _get_promise(history: History) -> Promise:
    """Return the promised speed, from the brief and from the measurement."""
    proofs = history.verdict.proofs if history.verdict else ()
    ratio = next((proof.ratio for proof in proofs if proof.ratio is not None), None)
    return Promise(ms=find_promised_ms(history.brief) if history.brief else None, ratio=ratio)


def _split_by_flag(actions: Sequence[Action], name: str) -> tuple[list[Sample], list[Sample]]:
    """Return the uses with the flag on, and those with it off; other uses are left out."""
    sides: dict[bool, list[Sample]] = {True: [], False: []}
    for action in actions:
        if name in action.flags:
            sides[action.flags[name]].append(parse_sample(action.model_dump(mode="json")))
    return sides[True], sides[False]


def _count_signs(feedback: ChangeFeedback, *, flagged: bool) -> Signs:
    """Return the reactions to answers with the flag on, or to those with it off."""
    signs = [feedback.signs[who] for who, on in feedback.flagged.items()
             if on is flagged and who in feedback.signs]  # fmt: skip
    return Signs(len(signs), signs.count("👎"))
