"""What GitHub's own checks say of a commit, and which of them a branch requires."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, NamedTuple
from urllib.parse import quote

from bot.adapters.github_forge._answers import (
    CheckRun,
    GithubBranch,
    GithubRule,
    GithubStatus,
    WorkflowRun,
)
from bot.adapters.github_forge._api import Api
from bot.adapters.github_forge._failures import get_refusal
from bot.domain.errors import ForgeRejected

State = Literal["none", "pending", "passed", "failed"]
Sight = Literal["all", "actions", "nothing"]

Read = Callable[[Api, str], Awaitable[tuple[CheckRun, ...]]]

_DOING = "read its checks"
_FINE = ("success", "neutral", "skipped")
_ANY_APP = (None, -1, 0)


class CheckOutcome(NamedTuple):
    """One check's result. `app` is the App that ran it; a plain status has none."""

    name: str
    state: State
    app: int | None = None


class RequiredContext(NamedTuple):
    """A check that the base branch wants, of a certain App where it says so."""

    name: str
    app: int | None = None


class GithubChecks(NamedTuple):
    """The checks of one head. `sees` are those the credentials may see, beside plain statuses."""

    results: tuple[CheckOutcome, ...]
    required: tuple[RequiredContext, ...]
    sees: Sight = "all"

    def get_state(self, required: RequiredContext) -> State:
        """Return where a required check stands; `none`: nobody has reported it yet."""
        return _get_worst_state(
            each.state
            for each in self.results
            if each.name == required.name
            and (required.app in _ANY_APP or each.app in (None, required.app))
        )

    @property
    def failing(self) -> tuple[str, ...]:
        """The required checks that failed."""
        return tuple(each.name for each in self.required if self.get_state(each) == "failed")

    @property
    def missing(self) -> tuple[str, ...]:
        """The required checks that have not ended yet, or not even begun."""
        return tuple(
            each.name for each in self.required if self.get_state(each) in ("pending", "none")
        )

    @property
    def state(self) -> State:
        """All in one word: the required ones where the branch requires any, else all of them."""
        if not self.required:
            return _get_worst_state(each.state for each in self.results)
        if self.failing:
            return "failed"
        return "pending" if self.missing else "passed"


class CheckReader:
    """Reads the checks of commits, in whichever way the credentials may."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._by_actions = False

    async def __call__(self, head: str, base_branch: str) -> GithubChecks:
        """Return the checks of a head that is to go into a base branch. Raises `ForgeError`."""
        try:
            async with asyncio.TaskGroup() as group:
                runs = group.create_task(self._list_runs(head))
                statuses = group.create_task(_list_statuses(self._api, head))
                required = group.create_task(_list_required(self._api, base_branch))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        found, sees = runs.result()
        return GithubChecks((*found, *statuses.result()), required.result(), sees)

    async def _list_runs(self, head: str) -> tuple[tuple[CheckOutcome, ...], Sight]:
        """Return the check runs, and which of them the credentials may see.

        Fine-grained tokens have no permission for checks of a private repository; those that
        GitHub Actions runs can be read as its jobs instead. What was refused once is not asked for
        again: every refusal counts against the rate limit.
        """
        ways: list[tuple[Sight, Read]] = [("all", _check_runs), ("actions", _list_jobs)]
        for sees, read in ways[self._by_actions :]:
            try:
                runs = await read(self._api, head)
            except ForgeRejected as refused:
                if get_refusal(refused).status not in (403, 404):
                    raise
                continue
            self._by_actions = sees == "actions"
            return tuple(
                CheckOutcome(each.name, _run_state(each), _get_app_id(each)) for each in runs
            ), sees
        return (), "nothing"


async def list_rules(api: Api, branch: str) -> tuple[GithubRule, ...]:
    """Return the rules that apply to a branch; none where this GitHub knows no rulesets."""
    try:
        return await api.list_all(
            GithubRule,
            "rules/branches/{branch}?",
            doing="read the rules of its branch",
            branch=branch,
        )
    except ForgeRejected as refused:
        if get_refusal(refused).status not in (403, 404):
            raise
        return ()


def _get_app_id(run: CheckRun) -> int | None:
    return run.app.id if run.app else None


async def _check_runs(api: Api, head: str) -> tuple[CheckRun, ...]:
    path = "commits/{head}/check-runs?filter=latest"
    return await api.list_all(CheckRun, path, key="check_runs", doing=_DOING, head=head)


async def _list_jobs(api: Api, head: str) -> tuple[CheckRun, ...]:
    path = f"actions/runs?head_sha={quote(head)}"
    runs = await api.list_all(WorkflowRun, path, key="workflow_runs", doing=_DOING, limit=100)
    found: list[CheckRun] = []
    for run in runs:
        path = "actions/runs/{run}/jobs?filter=latest"
        found += await api.list_all(CheckRun, path, key="jobs", doing=_DOING, run=run.id)
    return tuple(found)


async def _list_statuses(api: Api, head: str) -> tuple[CheckOutcome, ...]:
    try:
        found = await api.list_all(
            GithubStatus, "commits/{head}/status?", key="statuses", doing=_DOING, head=head
        )
    except ForgeRejected as refused:
        if get_refusal(refused).status not in (403, 404):
            raise
        return ()
    return tuple(CheckOutcome(each.context, _map_status(each.state)) for each in found)


async def _list_required(api: Api, branch: str) -> tuple[RequiredContext, ...]:
    """Return what branch protection and the rulesets require, each once."""
    doing = "read its base branch"
    shown = await api.find(GithubBranch, "branches/{branch}", doing=doing, branch=branch)
    wanted: dict[RequiredContext, None] = {}
    protection = shown.protection if shown else None
    status_checks = protection.required_status_checks if protection else None
    if status_checks is not None and status_checks.enforcement_level != "off":
        named = {check.context for check in status_checks.checks}
        for check in status_checks.checks:
            wanted[RequiredContext(check.context, check.app_id)] = None
        for name in status_checks.contexts:
            if name not in named:
                wanted[RequiredContext(name)] = None
    for rule in await list_rules(api, branch):
        if rule.type == "required_status_checks" and rule.parameters:
            for each in rule.parameters.required_status_checks:
                wanted[RequiredContext(each.context, each.integration_id)] = None
    return tuple(wanted)


def _run_state(run: CheckRun) -> State:
    if run.status != "completed":
        return "pending"
    return "passed" if run.conclusion in _FINE else "failed"


def _map_status(state: str) -> State:
    known: dict[str, State] = {"success": "passed", "pending": "pending"}
    return known.get(state, "failed")


def _get_worst_state(states: Iterable[State]) -> State:
    found = set(states)
    order: tuple[State, ...] = ("failed", "pending", "passed")
    return next((state for state in order if state in found), "none")
