"""The interface of the agent for the rest of the program: it starts runs and finds them."""

from collections.abc import Collection

from bot.authority.approvals import Approvals
from bot.authority.authorizer import Authorizer
from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.policy import Act
from bot.authority.trigger_redaction import redact_trigger
from bot.domain.history import History
from bot.domain.journal import Action
from bot.domain.run import Run, Trigger
from bot.ports.journal import Journal
from bot.ports.store import Store
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from bot.self_improvement.requests.run_starter import RunAdmission


class SelfImprovementAgent:
    """Starts runs and finds them. Requests of people are authorised and audited."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        authorizer: Authorizer,
        approvals: Approvals,
        autonomy: AutonomyPolicy,
        admission: RunAdmission,
        feature_requests: FeatureRequestService,
    ) -> None:
        self._store = store
        self._journal = journal
        self._autonomy = autonomy
        self._admission = admission
        self._feature_requests = feature_requests
        self.permit, self.find = authorizer.ask, approvals.find
        self.list_readable = authorizer.approval_policy.list_readable

    async def request(self, trigger: Trigger) -> Run:
        """Start a run, or return the run that the same trigger has started, with thread and card.

        Raises `NotAuthorized`, `Stopped`, `TooMany`, or `ChatRejected` if no thread can be opened.
        """
        trigger = redact_trigger(trigger)
        note = f"{trigger.goal}: {trigger.subject}"
        await self.permit(trigger.person, Act.ASK, note=note, target=trigger.target)
        return await self._admission.start(trigger)

    async def start_itself(self, trigger: Trigger) -> Run:
        """Start a run without a person's request; see `AutonomyPolicy`.

        Raises `Paused`, `ChatRejected`.
        """
        run = await self._autonomy.start(trigger)
        if run.goal == "change":
            await self._feature_requests.mark_started(trigger.text, run.id)
        return run

    async def list_runs(self, *, limit: int = 20) -> tuple[Run, ...]:
        """Return the newest runs, newest first."""
        return await self._store.find(limit=limit)

    async def get_history(self, run_id: str) -> History:
        """Return the records of a run."""
        return await self._store.get_history(run_id)

    async def get_histories(self, runs: Collection[Run]) -> list[tuple[Run, History]]:
        """Return the runs with their records; runs that no longer exist are left out."""
        known = await self._store.get_histories([run.id for run in runs])
        return [(run, known[run.id]) for run in runs if run.id in known]

    async def list_evidence(self, run_id: str) -> tuple[Action, ...]:
        """Return the journal records that the run's diagnosis is based on, newest first."""
        diagnosis = (await self._store.get_history(run_id)).diagnosis
        ids = diagnosis.evidence_ids if diagnosis else ()
        found = [await self._journal.get(record_id) for record_id in ids]
        return tuple(filter(None, found))
