"""What earlier runs teach: what failed, what mended it, how it ended."""

from collections.abc import Sequence

from bot.adapters.claude_agent._plain_text import flatten
from bot.domain.history import History
from bot.domain.record import Record
from bot.domain.run import FINAL_STATUSES, Run, Status
from bot.grammar.likeness import extract_stems
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
    outcome: str

    @property
    def summary(self) -> str:
        """Return it on one line of at most 500 characters."""
        parts = [self.headline or self.asked]
        if self.change:
            where = f" in {', '.join(self.files[:3])}" if self.files else ""
            parts.append(f"change: {self.change}{where}")
        parts += [f"tried: {each}" for each in self.tried[:3]]
        return flatten(f"run {self.run_id} ({self.day}, {self.outcome}): {'; '.join(parts)}", _LINE)


class PastRuns:
    """Finds past runs in the store. Their words are others' words: data, never instructions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_similar(
        self, text: str, *, fingerprint: str = "", excluded_run_id: str = "", limit: int = 5
    ) -> Sequence[PastRun]:
        """Return at most `limit` runs that share a fault or words with `text`, best first.

        `besides` is a run to leave out: one does not remember oneself. Raises `StoreError`.
        """
        asked = extract_stems(text)
        found: list[tuple[float, str, PastRun]] = []
        for run in await self._store.find(status=FINAL_STATUSES, limit=_RECENT):
            if run.id == excluded_run_id:
                continue
            history = await self._store.get_history(run.id)
            if points := _score(asked, fingerprint, run, history):
                found.append((points, run.created_at.isoformat(), _build_past_run(run, history)))
        found.sort(key=lambda each: each[:2], reverse=True)
        return tuple(past for _, _, past in found[:limit])


def _score(terms: frozenset[str], fingerprint: str, run: Run, history: History) -> float:
    diagnosis, change = history.diagnosis, history.change_set
    points = 0.0
    if fingerprint and diagnosis is not None and diagnosis.fingerprint == fingerprint:
        points += _SAME_FAULT
    known = [run.trigger.subject, run.trigger.text]
    if diagnosis is not None:
        known += [diagnosis.headline, diagnosis.event, diagnosis.file, diagnosis.function]
    if change is not None:
        known += [change.summary, *(file.path for file in change.files)]
    return points + len(terms & extract_stems(" ".join(known)))


def _build_past_run(run: Run, history: History) -> PastRun:
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
        outcome=_describe_outcome(run, history),
    )


def _describe_outcome(run: Run, history: History) -> str:
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
