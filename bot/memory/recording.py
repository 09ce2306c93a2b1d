"""Records what runs teach: faults, shipped fixes and their outcomes, and failed attempts.

A memory that cannot be written never fails a run: the error is logged and journalled, and the run
continues.
"""

from collections.abc import Awaitable
from dataclasses import dataclass

import structlog
from theseus_guard import hash_diff

from bot.domain.errors import StoreError
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.memory import LONGEST_NAME, LONGEST_TEXT, Memory
from bot.domain.proposal import Outcome
from bot.domain.run import Run, Status
from bot.memory.ranking import describe_outcome
from bot.ports.clock import Clock
from bot.ports.memory import MemoryStore
from bot.ports.recorder import ActionRecorder
from bot.ports.store import Store
from bot.ports.targets import Targets

_LINE = 500
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class MemoryRecorder:
    """Writes the memories of runs. Every method can be repeated safely."""

    store: Store
    clock: Clock
    recorder: ActionRecorder
    targets: Targets

    async def remember_diagnosis(self, run: Run, history: History, diagnosis: Diagnosis) -> None:
        """Remember the fault by its fingerprint: when it was first and last seen, and how often."""
        if diagnosis.found and diagnosis.fingerprint:
            await self._ignore_store_errors(run, self._store_fault(run, history, diagnosis))

    async def remember_end(self, run: Run, history: History) -> None:
        """Remember the fix that a run shipped, or the lesson of a fix attempt that failed."""
        diagnosis = history.diagnosis
        if run.goal != "fix" or diagnosis is None or not diagnosis.found:
            return
        if run.status is Status.DONE and history.shipment is not None:
            await self._ignore_store_errors(run, self._store_fix(run, history, diagnosis))
        elif run.status is Status.FAILED:
            await self._ignore_store_errors(
                run, self._store_lesson(run, history, diagnosis, run.reason)
            )

    async def remember_rejection(self, run: Run, history: History, why: str) -> None:
        """Remember why people rejected a fix or a requested change."""
        reason = f"People did not want it: {why}"
        if history.brief is not None:
            await self._ignore_store_errors(run, self._store_change(run, history, (reason,)))
        elif history.diagnosis is not None:
            await self._ignore_store_errors(
                run, self._store_lesson(run, history, history.diagnosis, reason)
            )

    async def remember_outcome(self, run: Run, outcome: Outcome) -> None:
        """Remember how a shipped fix turned out; if it did not hold, also store a lesson."""
        await self._ignore_store_errors(run, self._store_outcome(run, outcome))

    async def remember_use(self, run: Run, history: History, summary: str) -> None:
        """Remember that a shipped change made matters worse, or how it is used (`summary`)."""
        outcome = history.outcome
        regression = (
            (f"It {describe_outcome(outcome.verdict)}", *outcome.reasons[:3]) if outcome else ()
        )
        findings = (*regression, *([summary] if summary else []))
        await self._ignore_store_errors(run, self._store_change(run, history, findings))

    async def _store_change(self, run: Run, history: History, what: tuple[str, ...]) -> None:
        brief, proposal, watch = history.brief, history.proposal, history.use_watch
        if brief is None or proposal is None:
            return
        sentences = (f"Asked: {brief.request}", f"#{proposal.number}: {brief.understood}", *what)
        await self._get_memory(run).remember(
            Memory(
                key=f"lesson:{run.id}",
                kind="lesson",
                text=_cut("; ".join(sentences), LONGEST_TEXT),
                event=_cut(watch.events[0], LONGEST_NAME) if watch else "",
                run_id=run.id,
                number=proposal.number,
                at=self.clock.now(),
            )
        )

    async def _store_fault(self, run: Run, history: History, diagnosis: Diagnosis) -> None:
        now = self.clock.now()
        first, last = diagnosis.first_seen or now, diagnosis.last_seen or now
        times = max(diagnosis.count, 1)
        known = await self._get_memory(run).get(f"fault:{diagnosis.fingerprint}")
        if known is not None:
            seen_since = (
                first > known.at
            )  # the counted periods do not overlap, so the counts add up
            times = known.times + times if seen_since else max(known.times, times)
            first = min(first, known.first_at or known.at)
            last = max(last, known.at)
        await self._keep(
            run,
            history,
            diagnosis,
            Memory(
                key=f"fault:{diagnosis.fingerprint}"[:LONGEST_NAME],
                kind="fault",
                text=_cut(f"{_get_exception(history)} in {_describe_place(diagnosis)}", _LINE),
                times=times,
                first_at=first,
                at=last,
            ),
        )

    async def _store_fix(self, run: Run, history: History, diagnosis: Diagnosis) -> None:
        key, change = f"fix:{run.id}", history.change_set
        if change is None or await self._get_memory(run).get(key) is not None:
            return  # stored before; storing it again would lose a verdict given since then
        await self._keep(
            run,
            history,
            diagnosis,
            Memory(
                key=key,
                kind="fix",
                text=_cut(f"{diagnosis.headline}. {change.summary}", LONGEST_TEXT),
                approach=_cut(change.summary, _LINE),
                diff_hash=hash_diff(change.diff),
                at=history.shipment.at if history.shipment else self.clock.now(),
            ),
        )

    async def _store_lesson(
        self, run: Run, history: History, diagnosis: Diagnosis, why: str
    ) -> None:
        change = history.change_set
        tried = [f"Tried: {change.summary}"] if change and change.files else []
        if change is not None:
            tried += [f"{each.summary}: {each.result}" for each in change.attempts[:3]]
        text = "; ".join([why, *tried, diagnosis.headline])
        await self._keep(
            run,
            history,
            diagnosis,
            Memory(
                key=f"lesson:{run.id}",
                kind="lesson",
                text=_cut(text, LONGEST_TEXT),
                approach=_cut(change.summary, _LINE) if change and change.files else "",
                at=self.clock.now(),
            ),
        )

    async def _store_outcome(self, run: Run, outcome: Outcome) -> None:
        history = await self.store.get_history(run.id)
        diagnosis = history.diagnosis
        if diagnosis is None or run.goal != "fix":
            return
        await self._store_fix(run, history, diagnosis)
        fix = await self._get_memory(run).get(f"fix:{run.id}")
        if fix is None:
            return
        judged = fix.replace(outcome=outcome.verdict)
        await self._get_memory(run).remember(judged)
        if judged.has_failed:
            reasons = " ".join(outcome.reasons[:3])
            why = f"What was shipped {describe_outcome(outcome.verdict)}. {reasons}".strip()
            await self._store_lesson(run, history, diagnosis, why)

    async def _keep(self, run: Run, history: History, diagnosis: Diagnosis, what: Memory) -> None:
        """Write a memory together with its place in the code and its run."""
        number = history.proposal.number if history.proposal else None
        await self._get_memory(run).remember(
            what.replace(
                event=_cut(diagnosis.event, LONGEST_NAME),
                fingerprint=_cut(diagnosis.fingerprint, LONGEST_NAME),
                exception=_cut(_get_exception(history), LONGEST_NAME),
                file=_cut(diagnosis.file, LONGEST_NAME),
                function=_cut(diagnosis.function, LONGEST_NAME),
                run_id=run.id,
                number=None if what.kind == "fault" else number,
            )
        )

    def _get_memory(self, run: Run) -> MemoryStore:
        """Return the memory of the run's target. Raises `TargetMissing`."""
        return self.targets.get(run.trigger.target).memory

    async def _ignore_store_errors(self, run: Run, writing: Awaitable[None]) -> None:
        try:
            await writing
        except StoreError as error:
            _log.warning("the memory of run %s could not be stored: %s", run.id, error)
            self.recorder.record(
                Kind.RUN, "remember", ActionOutcome.ERROR, run_id=run.id, error=error
            )


def _get_exception(history: History) -> str:
    capsule = history.evidence.capsule if history.evidence else None
    return capsule.exception if capsule else "a failure"


def _describe_place(diagnosis: Diagnosis) -> str:
    if not diagnosis.file:
        return diagnosis.event
    return f"`{diagnosis.function}` ({diagnosis.file}), from {diagnosis.event}"


def _cut(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
