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
from bot.adapters.github_forge._failures import refusal_of
from bot.domain.errors import ForgeRejected

State = Literal["none", "pending", "passed", "failed"]
Sight = Literal["all", "actions", "nothing"]

Read = Callable[[Api, str], Awaitable[tuple[CheckRun, ...]]]

_DOING = "read its checks"
_FINE = ("success", "neutral", "skipped")
_ANYBODY = (None, -1, 0)


class Result(NamedTuple):
    """One check's result. `app` is the App that ran it; a plain status has none."""

    name: str
    state: State
    app: int | None = None


class Required(NamedTuple):
    """A check that the base branch wants, of a certain App where it says so."""

    name: str
    app: int | None = None


class GithubChecks(NamedTuple):
    """The checks of one head. `sees` are those the credentials may see, beside plain statuses."""

    results: tuple[Result, ...]
    required: tuple[Required, ...]
    sees: Sight = "all"

    def of(self, wanted: Required) -> State:
        """Return where a required check stands; `none`: nobody has reported it yet."""
        return _worst(
            each.state
            for each in self.results
            if each.name == wanted.name
            and (wanted.app in _ANYBODY or each.app in (None, wanted.app))
        )

    @property
    def failed(self) -> tuple[str, ...]:
        """The required checks that failed."""
        return tuple(each.name for each in self.required if self.of(each) == "failed")

    @property
    def missing(self) -> tuple[str, ...]:
        """The required checks that have not ended yet, or not even begun."""
        return tuple(each.name for each in self.required if self.of(each) in ("pending", "none"))

    @property
    def state(self) -> State:
        """All in one word: the required ones where the branch requires any, else all of them."""
        if not self.required:
            return _worst(each.state for each in self.results)
        if self.failed:
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
                runs = group.create_task(self._runs(head))
                statuses = group.create_task(_statuses(self._api, head))
                required = group.create_task(_required(self._api, base_branch))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        found, sees = runs.result()
        return GithubChecks((*found, *statuses.result()), required.result(), sees)

    async def _runs(self, head: str) -> tuple[tuple[Result, ...], Sight]:
        """Return the check runs, and which of them the credentials may see.

        Fine-grained tokens have no permission for checks of a private repository; those that
        GitHub Actions runs can be read as its jobs instead. What was refused once is not asked for
        again: every refusal counts against the rate limit.
        """
        ways: list[tuple[Sight, Read]] = [("all", _check_runs), ("actions", _jobs)]
        for sees, read in ways[self._by_actions :]:
            try:
                runs = await read(self._api, head)
            except ForgeRejected as refused:
                if refusal_of(refused).status not in (403, 404):
                    raise
                continue
            self._by_actions = sees == "actions"
            return tuple(Result(each.name, _run_state(each), _app(each)) for each in runs), sees
        return (), "nothing"


async def rules_of(api: Api, branch: str) -> tuple[GithubRule, ...]:
    """Return the rules that apply to a branch; none where this GitHub knows no rulesets."""
    try:
        return await api.all(
            GithubRule,
            "rules/branches/{branch}?",
            doing="read the rules of its branch",
            branch=branch,
        )
    except ForgeRejected as refused:
        if refusal_of(refused).status not in (403, 404):
            raise
        return ()


def _app(run: CheckRun) -> int | None:
    return run.app.id if run.app else None


async def _check_runs(api: Api, head: str) -> tuple[CheckRun, ...]:
    path = "commits/{head}/check-runs?filter=latest"
    return await api.all(CheckRun, path, key="check_runs", doing=_DOING, head=head)


async def _jobs(api: Api, head: str) -> tuple[CheckRun, ...]:
    path = f"actions/runs?head_sha={quote(head)}"
    runs = await api.all(WorkflowRun, path, key="workflow_runs", doing=_DOING, most=100)
    found: list[CheckRun] = []
    for run in runs:
        path = "actions/runs/{run}/jobs?filter=latest"
        found += await api.all(CheckRun, path, key="jobs", doing=_DOING, run=run.id)
    return tuple(found)


async def _statuses(api: Api, head: str) -> tuple[Result, ...]:
    try:
        found = await api.all(
            GithubStatus, "commits/{head}/status?", key="statuses", doing=_DOING, head=head
        )
    except ForgeRejected as refused:
        if refusal_of(refused).status not in (403, 404):
            raise
        return ()
    return tuple(Result(each.context, _status_state(each.state)) for each in found)


async def _required(api: Api, branch: str) -> tuple[Required, ...]:
    """Return what branch protection and the rulesets require, each once."""
    doing = "read its base branch"
    shown = await api.find(GithubBranch, "branches/{branch}", doing=doing, branch=branch)
    wanted: dict[Required, None] = {}
    protection = shown.protection if shown else None
    status_checks = protection.required_status_checks if protection else None
    if status_checks is not None and status_checks.enforcement_level != "off":
        named = {check.context for check in status_checks.checks}
        for check in status_checks.checks:
            wanted[Required(check.context, check.app_id)] = None
        for name in status_checks.contexts:
            if name not in named:
                wanted[Required(name)] = None
    for rule in await rules_of(api, branch):
        if rule.type == "required_status_checks" and rule.parameters:
            for each in rule.parameters.required_status_checks:
                wanted[Required(each.context, each.integration_id)] = None
    return tuple(wanted)


def _run_state(run: CheckRun) -> State:
    if run.status != "completed":
        return "pending"
    return "passed" if run.conclusion in _FINE else "failed"


def _status_state(state: str) -> State:
    known: dict[str, State] = {"success": "passed", "pending": "pending"}
    return known.get(state, "failed")


def _worst(states: Iterable[State]) -> State:
    found = set(states)
    order: tuple[State, ...] = ("failed", "pending", "passed")
    return next((state for state in order if state in found), "none")
