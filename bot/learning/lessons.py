"""Keeps the cases of ended runs in the key-value store, and answers what they teach."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NoReturn

import structlog

from bot.domain.errors import StoreError
from bot.domain.history import History
from bot.domain.incident import INCIDENT, Incident
from bot.domain.run import FINAL_STATUSES, Run
from bot.domain.run_cases import CASE, Lessons, RunCase
from bot.learning.cases import build_case
from bot.learning.patterns import choose_lessons, count_patterns
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store

_LOOKED_AT = 300  # of the newest ended runs
_RETENTION = timedelta(days=400)
_JUDGED_WITHIN = timedelta(days=100)  # longer than any watch of a fix
_SECONDS = 300.0
_log = structlog.stdlib.get_logger(__name__)


class CaseRepository:
    """The stored cases. `prompts` returns the texts of the live prompts, by name."""

    def __init__(
        self,
        store: Store,
        key_values: KeyValueStore,
        clock: Clock,
        prompts: Callable[[], Mapping[str, str]],
    ) -> None:
        self._store = store
        self._key_values = key_values
        self._clock = clock
        self._prompts = prompts
        # Read once: nothing else writes cases.
        self._known: dict[str, RunCase] | None = None

    async def run_forever(self) -> NoReturn:
        """Collect cases every few minutes until cancelled."""
        failed = log_warnings(_log, "ended runs could not be kept as cases; I will try again")
        await run_periodically(
            self.collect, self._clock, _SECONDS, first_after=_SECONDS, tolerated=StoreError,
            failed=failed,
        )  # fmt: skip

    async def list_cases(self) -> tuple[RunCase, ...]:
        """Return all cases, oldest first. Raises `StoreError`."""
        return await load_cases(self._key_values)

    async def find_lessons(self, fault: str) -> Lessons:
        """Return what has worked and what has not for a class of fault, with counts."""
        return choose_lessons(count_patterns(await self.list_cases()), fault)

    async def collect(self) -> int:
        """Store the cases of runs that have ended or were judged since; return how many.

        Only such runs are read. Cases older than the runs themselves are removed. Raises
        `StoreError`.
        """
        if self._known is None:
            self._known = {case.run_id: case for case in await self.list_cases()}
        known, now = self._known, self._clock.now()
        versions = await self._store.find_versions(status=FINAL_STATUSES, limit=_LOOKED_AT)
        due = [
            run_id
            for run_id, version in versions.items()
            if _is_due(version, known.get(run_id), now)
        ]
        histories = await self._store.get_histories(due) if due else {}
        reports = await self._count_reports() if due else {}
        count = 0
        for run_id in due:
            run = await self._store.get(run_id)
            case = self._build(run, histories[run_id], known.get(run_id), reports)
            if case != known.get(run_id):
                await self._key_values.put(f"{CASE}{run_id}", case)
                known[run_id] = case
                count += 1
        for case in list(known.values()):
            if now - case.ended_at > _RETENTION:
                await self._key_values.remove(f"{CASE}{case.run_id}")
                del known[case.run_id]
        return count

    def _build(
        self, run: Run, history: History, known: RunCase | None, reports: Mapping[str, int]
    ) -> RunCase:
        prompts = known.prompts if known else compute_prompts_version(self._prompts())
        return build_case(
            run, history, prompts=prompts, reports=reports.get(run.trigger.incident or "", 0)
        )

    async def _count_reports(self) -> dict[str, int]:
        incidents = await self._key_values.list_records(INCIDENT, Incident)
        return {each.id: len(each.reports) + each.unnamed for each in incidents}


async def load_cases(key_values: KeyValueStore) -> tuple[RunCase, ...]:
    """Return all stored cases, oldest first. Raises `StoreError`."""
    cases = await key_values.list_records(CASE, RunCase)
    return tuple(sorted(cases, key=lambda case: (case.ended_at, case.run_id)))


def compute_prompts_version(texts: Mapping[str, str]) -> str:
    """Return a short digest of all prompts; any change of one changes it."""
    joined = "\0".join(f"{name}\0{text}" for name, text in sorted(texts.items()))
    return hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:8]


def _is_due(version: int, known: RunCase | None, now: datetime) -> bool:
    """Return whether a run has no case, has changed, or its change may have been judged since."""
    if known is None or known.version != version:
        return True
    is_open = known.result == "unclear" and bool(known.merge_commit)
    return is_open and now - known.ended_at < _JUDGED_WITHIN
