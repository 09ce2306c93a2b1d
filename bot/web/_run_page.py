"""The page of a run: the log of its steps, what each cost, its checks and its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.change import ChangeSet, CheckResult
from bot.domain.check_reruns import CheckRerun
from bot.domain.cost import Cost
from bot.domain.errors import NotAuthorized, PolicyError, PortError, WrongStage
from bot.domain.history import History
from bot.domain.journal import ActionOutcome, JournalQuery, Kind
from bot.domain.plan import Plan
from bot.domain.run import Run, Stage
from bot.presentation.state_labels import get_stage_name
from bot.web._auth_middleware import LOGIN
from bot.web._collaborators import WebServices
from bot.web._formats import format_subject
from bot.web._page_frame import PageFrame
from bot.web._readers import OPERATOR_DECIDES_NOTHING, Readers
from bot.web._responses import Refused, see_other

MOST_EVIDENCE = 5
WITH_CHANGE = "with the change"
_ENTRIES = 20
_MOST_LOGGED = 2_000  # records of all runs of that time
_STAGES = frozenset(stage.value for stage in Stage)
_BESIDE = 60  # newest lines of the transcript beside the diff


class StepLog(NamedTuple):
    """One pass of a step: a step that is repeated has several."""

    name: str
    began: datetime
    seconds: float
    failed: bool
    record_id: str


class StepCost(NamedTuple):
    """What requests to models of one kind cost."""

    purpose: str
    cost: Cost
    requests: int


class NamedCheck(NamedTuple):
    """A check of the run, and when it ran; `again`: its results when people had it run again.

    Those are shown beside the first one, and decide nothing.
    """

    label: str
    check: CheckResult
    can_rerun: bool = False
    again: tuple[CheckRerun, ...] = ()


class PlannedStep(NamedTuple):
    """A step of the plan; `done`: the change has edited one of its files."""

    summary: str
    done: bool


@dataclass(frozen=True, eq=False)
class RunPage:
    """The page of one run, and of the output of each of its checks."""

    services: WebServices
    frame: PageFrame
    readers: Readers

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {"run": self.show_run, "check": self.show_check, "rerun": self.run_again}

    async def run_again(self, request: web.Request) -> web.Response:
        """Run a check again, as a person's form says, with their rights of this moment."""
        sent = await self.frame.read_own_form(request)
        if self.services.reruns is None:
            raise Refused(404, "checks cannot be run again here.")
        person = await self.readers.fetch_actor(request[LOGIN])
        if person is None:
            raise Refused(403, OPERATOR_DECIDES_NOTHING)
        run = await self.services.agent.find(run_id=request.match_info["id"])
        name, head = sent.get("check", ""), sent.get("head", "")
        try:
            await self.services.reruns.request(run.id, person, name, head)
        except NotAuthorized:
            raise
        except (PolicyError, WrongStage) as refusal:
            raise Refused(409, str(refusal)) from refusal
        return see_other(f"/runs/{run.id}#checks")

    async def show_run(self, request: web.Request) -> web.Response:
        """Show one run."""
        services = self.services
        run = await services.agent.find(run_id=request.match_info["id"])
        history = await services.agent.get_history(run.id)
        entries = await services.store.list_audit_entries(run_id=run.id, limit=_ENTRIES)
        checks = self._list_checks(request, run, history)
        lines = services.transcripts.list_lines(run.id) if services.transcripts else ()
        return await self.frame.show(
            request, "run.html", f"Run {run.id}: {format_subject(run)}", here="/runs", live=True,
            run=run, history=history, entries=entries, most_evidence=MOST_EVIDENCE,
            step_log=await self._list_step_log(run), costs=await self._list_costs(run),
            checks=checks, reran=any(each.again for each in checks),
            is_rerunning=services.reruns is not None and services.reruns.is_pending(run.id),
            incidents=self._find_incidents(history),
            planned=list_planned_steps(history.plan, history.change_set),
            lines=lines[-_BESIDE:],
        )  # fmt: skip

    async def show_check(self, request: web.Request) -> web.Response:
        """Show the complete output of one check."""
        run = await self.services.agent.find(run_id=request.match_info["id"])
        checks = list_checks(await self.services.agent.get_history(run.id))
        number = int(request.match_info["number"])
        if not 0 < number <= len(checks):
            raise Refused(404, f"run {run.id} has no check {number} any more.")
        shown = checks[number - 1]
        return await self.frame.show(
            request, "check.html", f"{shown.check.name}: {shown.label}", here="/runs", run=run,
            check=shown.check,
        )  # fmt: skip

    def _list_checks(
        self, request: web.Request, run: Run, history: History
    ) -> Sequence[NamedCheck]:
        """Return the checks, with what was run again, and what the reader may ask to run again."""
        reruns, login = self.services.reruns, request.get(LOGIN)
        is_person = login is not None and login.person_id is not None
        return [
            each._replace(
                can_rerun=is_person
                and reruns is not None
                and each.label == WITH_CHANGE
                and reruns.can_rerun(run, history, each.check.name)
            )
            for each in list_checks(history)
        ]

    async def _list_step_log(self, run: Run) -> Sequence[StepLog] | None:
        """Return every pass of every step, oldest first; `None` if the journal cannot be read."""
        since, until = run.created_at, run.updated_at + timedelta(minutes=1)
        query = JournalQuery(kind=Kind.RUN, since=since, until=until, limit=_MOST_LOGGED)
        try:
            actions = await self.services.journal.read(query)
        except PortError:
            return None
        found = []
        for each in actions:
            if each.run_id == run.id and each.name in _STAGES:
                seconds = (each.duration_ms or 0) / 1000
                began = each.ts - timedelta(seconds=seconds)
                failed = each.outcome is not ActionOutcome.OK
                name = get_stage_name(Stage(each.name))
                found.append(StepLog(name, began, seconds, failed, each.id))
        return sorted(found, key=lambda each: each.began)

    async def _list_costs(self, run: Run) -> Sequence[StepCost] | None:
        """Return what requests to models cost, by purpose; `None` if it cannot be read."""
        if self.services.ledger is None:
            return ()
        try:
            sums = await self.services.ledger.sum_charges(since=run.created_at)
        except PortError:
            return None
        found: dict[str, StepCost] = {}
        for each in sums:
            if each.account.run_id == run.id:
                purpose = each.account.purpose
                known = found.get(purpose, StepCost(purpose, Cost(), 0))
                found[purpose] = StepCost(
                    purpose, known.cost.add(each), known.requests + each.requests
                )
        return list(found.values())

    def _find_incidents(self, history: History) -> Mapping[str, str]:
        """Return the ids of incidents by the fingerprint of their failure."""
        if self.services.incidents is None or history.evidence is None:
            return {}
        listed = self.services.incidents.list_incidents()
        return {each.fingerprint: each.id for each in reversed(listed) if each.fingerprint}


def list_checks(history: History) -> Sequence[NamedCheck]:
    """Return all checks of a run's newest verdict and merge, in order."""
    found, verdict, merge = list[NamedCheck](), history.verdict, history.full_tier
    again = _list_reruns(history)
    if verdict is not None:
        for label, check in (
            ("before the change", verdict.failing_on_base),
            (WITH_CHANGE, verdict.passing_on_head),
        ):
            if check is not None:
                found.append(NamedCheck(label, check))
        found += [
            NamedCheck(
                WITH_CHANGE,
                each,
                again=tuple(one for one in again if one.name == each.name),
            )
            for each in verdict.checks
        ]
    if merge is not None:
        found += [NamedCheck("of the merge", each) for each in merge.checks]
    return found + [NamedCheck("again", each.result) for each in again if each.result is not None]


def _list_reruns(history: History) -> tuple[CheckRerun, ...]:
    """Return what was run again at the head of the newest verdict."""
    verdict, reruns = history.verdict, history.check_reruns
    if verdict is None or reruns is None:
        return ()
    return tuple(each for each in reruns.items if each.head == verdict.head)


def list_planned_steps(plan: Plan | None, change: ChangeSet | None) -> Sequence[PlannedStep]:
    """Return the steps of a plan, with ticks for those whose files the change edits."""
    changed = {file.path for file in change.files} if change is not None else set[str]()
    steps = plan.steps if plan is not None else ()
    return [PlannedStep(step.summary, bool(changed & set(step.owned_files))) for step in steps]
