"""The only writer of a run's state: every change is an edge of the table, saved, then shown.

A run's stage, status and reason to wait change only here, except for the lease, which the store
sets. Every move names its edge; `move` refuses an edge that does not leave the run's state
(`InvalidTransition`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.authority.pauses import Pause
from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.dialogue import Question
from bot.domain.errors import BudgetSpent, InvalidTransition, TheseusError
from bot.domain.history import History
from bot.domain.run import Run, Stage, Status, Trigger, Waiting
from bot.domain.run_state import Edge, move
from bot.domain.waits import format_timestamp
from bot.memory.recording import MemoryRecorder
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.self_improvement.reporting.notifier import RunNotifier

# Waits that do not count as trouble, or are counted separately.
_NO_TROUBLE = frozenset({Edge.TOO_MANY_CHANGES, Edge.OWN_WORK_PAUSED, Edge.LIMIT_OR_BUDGET})
_HELD_FOR = timedelta(days=3_650)  # effectively unlimited: the poller checks the pause itself


@dataclass(frozen=True, eq=False)
class RunTransitions:
    """Saves runs and shows their state. Raises `StoreConflict` if another writer was first."""

    store: Store
    clock: Clock
    notifier: RunNotifier
    cost_meter: RunCostMeter
    memory: MemoryRecorder

    async def save(self, after: Run, *records: Record) -> Run:
        """Save the run in its current state, with new records, and update its card."""
        return await self._save(after, await self._load_history(after, records), *records)

    async def _load_history(self, run: Run, records: Sequence[Record]) -> History:
        """Return the run's history as it will be once these records are saved."""
        return (await self.store.get_history(run.id)).add(*records)

    async def _save(self, after: Run, history: History, *records: Record) -> Run:
        """Save the run with new records, which `history` contains, and show it on the card."""
        now = self.clock.now()
        paid = await self.cost_meter.add_ledger_cost(after)
        saved = await self.store.save(paid.replace(updated_at=now), *records)
        await self.notifier.refresh(saved, history)
        return saved

    async def advance(self, run: Run, edge: Edge, *records: Record) -> Run:
        """Save the run after `edge`, to be continued by the same worker."""
        return await self.save(move(_enter_stage(run), edge, Status.RUNNING), *records)

    async def queue(self, run: Run, edge: Edge, *records: Record) -> Run:
        """Queue the run after `edge` for any worker."""
        after = move(_release_lease(_enter_stage(run)), edge, Status.QUEUED)
        return await self.save(after, *records)

    # Back in the queue

    async def hand_back(self, run: Run) -> Run:
        """Return the run to the queue for any worker, and leave its card as it is."""
        # Also for a run whose worker was stopped just after it saved the run as waiting.
        edge = Edge.GOES_ON if run.status is Status.WAITING else Edge.HANDED_BACK
        return await self.store.save(move(_release_lease(run), edge))

    async def requeue(self, run: Run, edge: Edge, *records: Record) -> Run:
        """Queue a waiting run after `edge`, with the records it waited for.

        If it goes on with the same work (`GOES_ON`), its counters stay.
        """
        fresh = run if edge is Edge.GOES_ON else _enter_stage(run)
        return await self.save(move(fresh, edge, parked_until=None, reason=""), *records)

    async def go_on_with_thread(self, run: Run) -> Run:
        """Queue a run that waited for its thread and card."""
        return await self.store.save(move(run, Edge.GOES_ON))

    async def move_to_new_thread(self, run: Run) -> Run:
        """Queue a run that has a new thread; an open proposal gets a new card there."""
        edge = Edge.NEW_THREAD if run.stage is Stage.SHIP else Edge.GOES_ON
        return await self.store.save(move(run, edge, reason=""))

    async def go_on_with_approval(self, run: Run) -> Run:
        """Queue a run whose proposal is to be merged; its time limit for waiting is kept."""
        now = self.clock.now()
        return await self.store.save(move(run, Edge.GOES_ON, reason="", updated_at=now))

    # Waiting

    async def wait(self, run: Run, edge: Edge, *records: Record, reason: str = "") -> Run:
        """Save the run as waiting for a person after `edge`; `reason` says what went wrong.

        Raises `InvalidTransition` if the run has no proposal.
        """
        history = await self._load_history(run, records)
        if history.proposal is None:
            raise InvalidTransition(f"Run {run.id} has proposed nothing to wait with.")
        after = move(_release_lease(_enter_stage(run)), edge, reason=reason)
        return await self._save(after, history, *records)

    async def ask(self, run: Run, question: Question, *records: Record) -> Run:
        """Park the run with a question to people, and post it in the thread."""
        reason = "Waiting for an answer."
        parked = _park(run, Edge.ASKS, question.until, reason, run.parks + 1)
        parked = await self.save(parked, question, *records)
        await self.post_question(parked, question)
        return parked

    async def post_question(self, run: Run, question: Question) -> Question:
        """Post the question and return it with its message id. Can be repeated safely."""
        message_id = await self.notifier.ask(run, question)
        if message_id is None or message_id == question.message_id:
            return question
        posted = question.replace(message_id=message_id)
        if (await self.store.get_history(run.id)).question == question:
            await self.store.append(run.id, posted)
        return posted

    async def present(
        self, run: Run, edge: Edge, *records: Record, until: datetime | None = None
    ) -> Run:
        """Save the run as waiting for people after `edge`, and show what they decide about.

        `UNDERSTOOD` shows its brief, `FOUND_NOT_PROVEN` its change. At `until` the run continues
        without people; if `until` is `None`, it waits.
        """
        fresh = _release_lease(_enter_stage(run)).replace(parked_until=until)
        waiting = await self.save(move(fresh, edge, reason=""), *records)
        await self.say_parked(waiting, await self.store.get_history(run.id))
        return waiting

    async def park(
        self,
        run: Run,
        edge: Edge,
        until: datetime,
        reason: str,
        *records: Record,
        to: Waiting | None = None,
    ) -> Run:
        """Park the run after `edge` until that time, and say so.

        Waiting for its turn or for a pause of its work does not count as trouble. Where `edge`
        leads to several positions, `to` says which.
        """
        parks = run.parks + (edge not in _NO_TROUBLE)
        saved = await self.save(_park(run, edge, until, reason, parks, to=to), *records)
        await self.say_parked(saved, History())
        return saved

    async def await_limit(
        self, run: Run, until: datetime, limit: TheseusError, *, can_switch: bool = False
    ) -> Run:
        """Park the run after `LIMIT_OR_BUDGET`, and say so.

        If it `can_switch`, its card has a button with which people let the fallback engine try.
        """
        reason = f"⏸️ {redact(str(limit))} I go on by myself {format_timestamp(until)}."
        waiting = Waiting.BUDGET if isinstance(limit, BudgetSpent) else Waiting.USAGE_LIMIT
        going_on = run.replace(
            activity="going on after a pause",
            waits=run.waits + 1,
            fallback="offered" if can_switch else "",
        )
        return await self.park(going_on, Edge.LIMIT_OR_BUDGET, until, reason, to=waiting)

    async def pause_own_work(self, run: Run, pause: Pause) -> Run:
        """Park a run of the bot itself while its kind of work is paused, and say so."""
        until = pause.until or self.clock.now() + _HELD_FOR
        reason = f"⏸️ Held before the next step. {pause.describe()}"
        return await self.park(run, Edge.OWN_WORK_PAUSED, until, reason)

    async def await_thread(self, run: Run, why: str) -> Run:
        """Save the run as waiting for a thread that accepts its messages."""
        return await self.save(move(_release_lease(run), Edge.NO_THREAD, reason=why))

    async def stop(self, run: Run, why: str) -> Run:
        """Save the run as waiting while everything is stopped."""
        return await self.save(move(_release_lease(run), Edge.ALL_STOPPED, reason=why))

    async def say_parked(self, run: Run, history: History) -> None:
        """Post what a parked run waits for. Can be repeated safely."""
        if run.waiting is Waiting.AGREEMENT:
            await self.notifier.post_brief(run, history)
            return
        if run.waiting is Waiting.JUDGEMENT:
            await self.notifier.post_plausible_edit(run, history)
            return
        question = open_question(run, history)
        if question is not None:
            await self.post_question(run, question)
        elif run.waiting in (Waiting.BUDGET, Waiting.USAGE_LIMIT) and run.stage is not Stage.SHIP:
            key = f"limited:{run.attempt}:{run.round}:{run.stage}"
            await self.notifier.say_latest(run, run.reason, key=key)
        elif run.stage is not Stage.SHIP:
            await self.notifier.say(run, run.reason, key=f"paused:{run.version}")

    async def end(
        self, run: Run, edge: Edge, reason: str, *records: Record, teaches: bool = True
    ) -> Run:
        """Save the run as ended by `edge` and say so.

        With `teaches`, its lesson is remembered first.
        """
        ended = move(_release_lease(run), edge, reason=reason, parked_until=None, activity="")
        history = await self._load_history(run, records)
        if teaches:
            await self.memory.remember_end(ended, history)
        saved = await self._save(ended, history, *records)
        await self.notifier.announce_end(saved, history)
        return saved


def create_run(trigger: Trigger, run_id: str, now: datetime) -> Run:
    """Return a new run. It is not queued before it has a thread."""
    return Run(
        id=run_id,
        goal=trigger.goal,
        status=Status.WAITING,
        waiting=Waiting.THREAD,
        trigger=trigger,
        created_at=now,
        updated_at=now,
    )


def requeue_from_start(run: Run, edge: Edge) -> Run:
    """Return an ended run queued from the beginning."""
    return move(
        run,
        edge,
        attempt=run.attempt + 1,
        round=1,
        first_round=1,
        interruptions=0,
        parks=0,
        waits=0,
        reason="",
        fallback="",
    )


def to_be_fixed(run: Run) -> Run:
    """Return a successful investigation as a fix that continues with the plan."""
    return move(run, Edge.FIX_REQUESTED, reason="")


def open_question(run: Run, history: History) -> Question | None:
    """Return the question the run waits for, if there is one."""
    asked = history.open_question if run.waiting is Waiting.QUESTION else None
    here = asked is not None and (asked.attempt, asked.round) == (run.attempt, run.round)
    return asked if here else None


def _park(
    run: Run,
    edge: Edge,
    until: datetime,
    reason: str,
    parks: int,
    *,
    to: Waiting | None = None,
) -> Run:
    """Return the run as parked at its stage, until `until` at the latest."""
    return move(
        _release_lease(run),
        edge,
        to,
        parked_until=until,
        parks=parks,
        interruptions=0,
        reason=reason,
    )


def _enter_stage(run: Run) -> Run:
    """Return the run with its counters reset for a new stage."""
    return run.replace(interruptions=0, parks=0, waits=0, parked_until=None, activity="")


def _release_lease(run: Run) -> Run:
    return run.replace(lease_owner=None, lease_until=None)
