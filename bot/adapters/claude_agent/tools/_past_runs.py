"""Finds earlier runs like this one: what failed, what fixed it, how it ended."""

from collections.abc import Sequence

from theseus_guard.record import Record

from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.domain.history import History
from bot.domain.run import FINAL_STATUSES, Run, Status
from bot.grammar.likeness import extract_stems
from bot.ports.store import Store

_SAME_FAULT = 100.0  # the same fingerprint outweighs any number of shared words
_RECENT = 100  # the number of recent runs that are searched
_LINE = 500


class PastRun(Record):
    """One run that has ended, or waits for a person."""

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
        """The run on one line of at most 500 characters."""
        parts = [self.headline or self.asked]
        if self.change:
            location = f" in {', '.join(self.files[:3])}" if self.files else ""
            parts.append(f"change: {self.change}{location}")
        parts += [f"tried: {attempt}" for attempt in self.tried[:3]]
        return flatten(f"run {self.run_id} ({self.day}, {self.outcome}): {'; '.join(parts)}", _LINE)


class PastRuns:
    """Finds past runs in the store. Their texts come from people: data, never instructions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_similar(
        self, text: str, *, fingerprint: str = "", excluded_run_id: str = "", limit: int = 5
    ) -> Sequence[PastRun]:
        """Return at most `limit` runs that share a fault or words with `text`, best first.

        The run `excluded_run_id`, usually the current one, is left out. Raises `StoreError`.
        """
        terms = extract_stems(text)
        matches: list[tuple[float, str, PastRun]] = []
        for run in await self._store.find(status=FINAL_STATUSES, limit=_RECENT):
            if run.id == excluded_run_id:
                continue
            history = await self._store.get_history(run.id)
            if points := _score(terms, fingerprint, run, history):
                matches.append((points, run.created_at.isoformat(), _build_past_run(run, history)))
        matches.sort(key=lambda match: match[:2], reverse=True)
        return tuple(past for _, _, past in matches[:limit])


def _score(terms: frozenset[str], fingerprint: str, run: Run, history: History) -> float:
    diagnosis, change = history.diagnosis, history.change_set
    points = 0.0
    if fingerprint and diagnosis is not None and diagnosis.fingerprint == fingerprint:
        points += _SAME_FAULT
    texts = [run.trigger.subject, run.trigger.text]
    if diagnosis is not None:
        texts += [diagnosis.headline, diagnosis.event, diagnosis.file, diagnosis.function]
    if change is not None:
        texts += [change.summary, *(file.path for file in change.files)]
    return points + len(terms & extract_stems(" ".join(texts)))


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
        tried=tuple(f"{attempt.summary}: {attempt.result}" for attempt in change.attempts)
        if change
        else (),
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
    failing = [check.name for check in verdict.checks if not check.ok] if verdict else []
    reason = (
        f": failing checks: {', '.join(failing[:3])}"
        if failing
        else f": {run.reason}"
        if run.reason
        else ""
    )
    return f"{run.status}{reason}"
