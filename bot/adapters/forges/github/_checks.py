"""Reads GitHub's own checks of a commit, and which of them a branch requires."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from bot.adapters.forges.github._answers import (
    CheckRun,
    GithubBranch,
    GithubRule,
    GithubStatus,
    WorkflowRun,
)
from bot.adapters.forges.github._api import Api
from bot.adapters.forges.shared.checks import (
    CheckOutcome,
    CommitChecks,
    RequiredContext,
    Sight,
    State,
)
from bot.adapters.forges.shared.refusal import get_refusal
from bot.domain.errors import ForgeRejected

Read = Callable[[Api, str], Awaitable[tuple[CheckRun, ...]]]

_DOING = "read its checks"
_FINE = ("success", "neutral", "skipped")


class CheckReader:
    """Reads the checks of commits, by whichever API the credentials have permission for."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._by_actions = False

    async def __call__(self, head: str, base_branch: str) -> CommitChecks:
        """Return the checks of a head, and what its base branch requires. Raises `ForgeError`."""
        try:
            async with asyncio.TaskGroup() as group:
                runs = group.create_task(self._list_runs(head))
                statuses = group.create_task(_list_statuses(self._api, head))
                required = group.create_task(_list_required(self._api, base_branch))
        except BaseExceptionGroup as group_error:
            raise group_error.exceptions[0] from None
        results, sees = runs.result()
        return CommitChecks((*results, *statuses.result()), required.result(), sees)

    async def _list_runs(self, head: str) -> tuple[tuple[CheckOutcome, ...], Sight]:
        """Return the check runs, and which check runs the credentials can read.

        Fine-grained tokens have no permission for checks of a private repository; those of GitHub
        Actions can be read as its jobs instead. A refused way is not tried again, because every
        refusal counts against the rate limit.
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
                CheckOutcome(run.name, _run_state(run), _get_app_id(run)) for run in runs
            ), sees
        return (), "nothing"


async def list_rules(api: Api, branch: str) -> tuple[GithubRule, ...]:
    """Return the rules that apply to a branch; none if this GitHub does not support rulesets."""
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
    jobs: list[CheckRun] = []
    for run in runs:
        path = "actions/runs/{run}/jobs?filter=latest"
        jobs += await api.list_all(CheckRun, path, key="jobs", doing=_DOING, run=run.id)
    return tuple(jobs)


async def _list_statuses(api: Api, head: str) -> tuple[CheckOutcome, ...]:
    try:
        statuses = await api.list_all(
            GithubStatus, "commits/{head}/status?", key="statuses", doing=_DOING, head=head
        )
    except ForgeRejected as refused:
        if get_refusal(refused).status not in (403, 404):
            raise
        return ()
    return tuple(CheckOutcome(status.context, _map_status(status.state)) for status in statuses)


async def _list_required(api: Api, branch: str) -> tuple[RequiredContext, ...]:
    """Return the checks that branch protection and the rulesets require, without duplicates."""
    doing = "read its base branch"
    details = await api.find(GithubBranch, "branches/{branch}", doing=doing, branch=branch)
    required: dict[RequiredContext, None] = {}
    protection = details.protection if details else None
    status_checks = protection.required_status_checks if protection else None
    if status_checks is not None and status_checks.enforcement_level != "off":
        named = {check.context for check in status_checks.checks}
        for check in status_checks.checks:
            required[RequiredContext(check.context, check.app_id)] = None
        for name in status_checks.contexts:
            if name not in named:
                required[RequiredContext(name)] = None
    for rule in await list_rules(api, branch):
        if rule.type == "required_status_checks" and rule.parameters:
            for rule_check in rule.parameters.required_status_checks:
                required[RequiredContext(rule_check.context, rule_check.integration_id)] = None
    return tuple(required)


def _run_state(run: CheckRun) -> State:
    if run.status != "completed":
        return "pending"
    return "passed" if run.conclusion in _FINE else "failed"


def _map_status(state: str) -> State:
    states: dict[str, State] = {"success": "passed", "pending": "pending"}
    return states.get(state, "failed")
