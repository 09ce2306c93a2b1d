"""What has changed since an earlier attempt at the same request: for people and for the models."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.budget.enforcement import BudgetEnforcer
from bot.domain.earlier_attempt import EarlierAttempt
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.journal import JournalQuery
from bot.domain.run import Run
from bot.ports.journal import Journal
from bot.ports.store import Store
from bot.ports.workspace import Checkout
from bot.self_improvement.runs.engine_choice import WritingEngines

_COMMITS = 5


@dataclass(frozen=True, eq=False)
class RetryChanges:
    """Compares an earlier attempt with what there is now, by rules."""

    store: Store
    journal: Journal
    checkout: Checkout
    engines: WritingEngines
    budget: BudgetEnforcer | None

    def record(self, run: Run, history: History) -> EarlierAttempt:
        """Return how the ended attempt of a run can be compared with a later one."""
        evidence, change, diagnosis = history.evidence, history.change_set, history.diagnosis
        named = (diagnosis.file,) if diagnosis and diagnosis.file else ()
        owned = sorted(history.plan.owned_files) if history.plan else ()
        return EarlierAttempt(
            run_id=run.id,
            attempt=run.attempt,
            ended_at=run.updated_at,
            reason=run.reason,
            base=evidence.base if evidence else "",
            engine=change.engine if change else "",
            fingerprint=diagnosis.fingerprint if diagnosis else "",
            files=tuple(dict.fromkeys((*named, *owned))),
            cost_usd=run.cost_usd,
            cap_usd=self._cap_usd,
        )

    async def describe(self, run: Run, history: History, evidence: Evidence) -> tuple[str, ...]:
        """Return how the last attempt ended and what has changed since; empty for a first one.

        Raises `JournalError`, `StoreError`, `WorkspaceError`.
        """
        earlier = history.earlier_attempt
        if earlier is None and run.trigger.retries is not None:
            replaced = await self.store.get(run.trigger.retries)
            earlier = self.record(replaced, await self.store.get_history(replaced.id))
        if earlier is None:
            return ()
        which = "" if earlier.run_id == run.id else f" of run {earlier.run_id}"
        return (
            f"Attempt {earlier.attempt}{which} ended {earlier.ended_at:%Y-%m-%d %H:%M} UTC: "
            f"{earlier.reason}",
            await self._describe_commits(earlier, evidence.base),
            *await self._list_new_failures(earlier),
            *self._list_engine_changes(earlier),
            *self._list_budget_changes(earlier, run),
        )

    async def _describe_commits(self, earlier: EarlierAttempt, base: str) -> str:
        if not earlier.base or earlier.base == base:
            return "No commit has been added since."
        moved = f"The code has moved from {earlier.base[:7]} to {base[:7]}."
        if not earlier.files:
            return moved
        changes = await self.checkout.list_changes_since(
            earlier.base, earlier.files, limit=_COMMITS
        )
        if not changes:
            return f"{moved} No commit since touches the files that it was about."
        commits = ", ".join(f"{each.commit.sha[:7]} “{each.commit.summary}”" for each in changes)
        return f"{moved} Commits since that touch the files it was about: {commits}."

    async def _list_new_failures(self, earlier: EarlierAttempt) -> Sequence[str]:
        if not earlier.fingerprint:
            return ()
        query = JournalQuery(fingerprint=earlier.fingerprint, since=earlier.ended_at)
        count = len(await self.journal.read(query))
        return (f"Records of this failure since: {count or 'none'}.",)

    def _list_engine_changes(self, earlier: EarlierAttempt) -> Sequence[str]:
        now = self.engines.first.engine
        if not earlier.engine or earlier.engine == now:
            return ()
        return (f"The {earlier.engine} engine wrote that attempt; now the {now} engine writes.",)

    def _list_budget_changes(self, earlier: EarlierAttempt, run: Run) -> Sequence[str]:
        cap = self._cap_usd
        if cap is None:
            return () if earlier.cap_usd is None else ("This run has no budget cap any more.",)
        spent = run.cost_usd
        changed = f" (it was ${earlier.cap_usd:.2f})" if earlier.cap_usd not in (None, cap) else ""
        return (f"This run has cost ${spent:.2f}; it may cost ${cap:.2f}{changed}.",)

    @property
    def _cap_usd(self) -> float | None:
        return self.budget.rules.run.usd if self.budget else None
