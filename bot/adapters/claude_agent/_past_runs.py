"""What earlier runs teach: what failed, what mended it, how it ended."""

from collections.abc import Sequence

from bot.adapters.claude_agent._plain_text import flat
from bot.domain.history import History
from bot.domain.record import Record
from bot.domain.run import ENDED, Run, Status
from bot.grammar.likeness import words
from bot.ports.store import Store

_SAME_FAULT = 100.0  # one fingerprint says more than any number of words
_RECENT = 100  # runs that are looked at
_LINE = 500


class PastRun(Record):
    """One run that is over, or waits for a person."""

    run_id: str
    day: str
    asked: str
    headline: str = ""
    fingerprint: str = ""
    files: tuple[str, ...] = ()
    change: str = ""
    tried: tuple[str, ...] = ()
    ended: str

    @property
    def told(self) -> str:
        """Return it on one line of at most 500 characters."""
        parts = [self.headline or self.asked]
        if self.change:
            where = f" in {', '.join(self.files[:3])}" if self.files else ""
            parts.append(f"change: {self.change}{where}")
        parts += [f"tried: {each}" for each in self.tried[:3]]
        return flat(f"run {self.run_id} ({self.day}, {self.ended}): {'; '.join(parts)}", _LINE)


class PastRuns:
    """Finds past runs in the store. Their words are others' words: data, never instructions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def like(
        self, text: str, *, fingerprint: str = "", besides: str = "", limit: int = 5
    ) -> Sequence[PastRun]:
        """Return at most `limit` runs that share a fault or words with `text`, best first.

        `besides` is a run to leave out: one does not remember oneself. Raises `StoreError`.
        """
        asked = words(text)
        found: list[tuple[float, str, PastRun]] = []
        for run in await self._store.find(status=ENDED, limit=_RECENT):
            if run.id == besides:
                continue
            history = await self._store.history(run.id)
            if points := _points(asked, fingerprint, run, history):
                found.append((points, run.created_at.isoformat(), _past(run, history)))
        found.sort(key=lambda each: each[:2], reverse=True)
        return tuple(past for _, _, past in found[:limit])


def _points(asked: frozenset[str], fingerprint: str, run: Run, history: History) -> float:
    diagnosis, change = history.diagnosis, history.change_set
    points = 0.0
    if fingerprint and diagnosis is not None and diagnosis.fingerprint == fingerprint:
        points += _SAME_FAULT
    known = [run.trigger.subject, run.trigger.text]
    if diagnosis is not None:
        known += [diagnosis.headline, diagnosis.event, diagnosis.file, diagnosis.function]
    if change is not None:
        known += [change.summary, *(file.path for file in change.files)]
    return points + len(asked & words(" ".join(known)))


def _past(run: Run, history: History) -> PastRun:
    diagnosis, change = history.diagnosis, history.change_set
    return PastRun(
        run_id=run.id,
        day=f"{run.created_at:%Y-%m-%d}",
        asked=run.trigger.subject or run.trigger.statement,
        headline=diagnosis.headline if diagnosis else "",
        fingerprint=diagnosis.fingerprint if diagnosis else "",
        files=tuple(file.path for file in change.files) if change else (),
        change=change.summary if change else "",
        tried=tuple(f"{each.summary}: {each.result}" for each in change.attempts) if change else (),
        ended=_ended(run, history),
    )


def _ended(run: Run, history: History) -> str:
    if history.outcome is not None:
        return f"shipped, then {history.outcome.verdict}"
    if history.shipment is not None:
        return "shipped"
    if run.status is Status.DONE:
        return "investigated"
    verdict = history.verdict
    red = [check.name for check in verdict.checks if not check.ok] if verdict else []
    why = f": red were {', '.join(red[:3])}" if red else f": {run.reason}" if run.reason else ""
    return f"{run.status}{why}"
