"""Runs one check of a run again because a person asks, at the head that it judged.

The result is stored beside the first one and changes nothing else: the verdict stays as it is, and
approvals, merges and gates read only that. A check that failed and passes when it is run again is
on record as both.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from bot.authority.authorizer import Authorizer
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.policy import Act
from bot.domain.change import REHEARSAL_CHECKS, ChangeSet, CheckResult
from bot.domain.check_reruns import CheckRerun, CheckReruns
from bot.domain.errors import StaleApproval, TheseusError, TooMany, WrongStage
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.people import Person
from bot.domain.run import Run
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.verifier import Verifier
from bot.self_improvement.runs.run_workspaces import RunWorkspaces

_MOST = 4  # checks of all runs that wait or run; they run one after another
_SHOWN = 20_000  # characters of the output that are stored
_STOP_SECONDS = 1.0  # between two looks for an emergency stop
_SUFFIX = "again"
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class RerunPlace:
    """Where the checks of one bot run."""

    workspaces: RunWorkspaces
    verifier: Verifier


class _Request(NamedTuple):
    run: Run
    evidence: Evidence
    change: ChangeSet
    item: CheckRerun


class CheckRerunService:
    """Takes requests to run a check again, and runs them one after another."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        authorizer: Authorizer,
        stop_guard: KillSwitchGuard,
        places: Mapping[str, RerunPlace],
    ) -> None:
        self._store = store
        self._clock = clock
        self._authorizer = authorizer
        self._stop_guard = stop_guard
        self._places = places
        self._queue: asyncio.Queue[_Request] = asyncio.Queue()
        self._pending: list[_Request] = []
        self._writing = asyncio.Lock()

    def is_pending(self, run_id: str) -> bool:
        """Return whether a check of the run waits to be run again, or runs."""
        return any(each.run.id == run_id for each in self._pending)

    def can_rerun(self, run: Run, history: History, name: str) -> bool:
        """Return whether the check is one of those that can be run again now."""
        return (
            run.trigger.target in self._places
            and not self.is_pending(run.id)
            and name in list_rerunnable(history)
        )

    async def request(self, run_id: str, person: Person, name: str, head: str) -> None:
        """Run a check again at the head of the newest verdict, soon.

        Raises `NotAuthorized`, `Stopped`, `StaleApproval` if that is not the head any more,
        `WrongStage` if it is no such check, `TooMany`.
        """
        note = f"run the check {name[:80]} again at {head[:10]}"
        await self._authorizer.ask(person, Act.ASK, run_id=run_id, note=note, how="page")
        await self._stop_guard.check()
        run = await self._store.get(run_id)
        history = await self._store.get_history(run_id)
        verdict, change, evidence = history.verdict, history.change_set, history.evidence
        if verdict is None or verdict.head != head:
            raise StaleApproval("The newest verdict is about another commit; load the page again.")
        if change is None or evidence is None or name not in list_rerunnable(history):
            raise WrongStage(f"`{name[:80]}` is not a check of `{head[:7]}` that can run again.")
        if run.trigger.target not in self._places:
            raise WrongStage("No checks can be run for that bot now.")
        if self.is_pending(run_id) or len(self._pending) >= _MOST:
            raise TooMany("Other checks are being run again. Try again when they have ended.")
        item = CheckRerun(name=name, head=head, at=self._clock.now())
        request = _Request(run, evidence, change, item)
        self._pending.append(request)
        try:
            await self._save(run_id, item)
        except TheseusError:
            self._pending.remove(request)
            raise
        self._queue.put_nowait(request)

    async def run_forever(self) -> None:
        """Run what people asked for, until cancelled."""
        while True:
            request = await self._queue.get()
            try:
                await self._save(request.run.id, await self._perform(request))
            except TheseusError as error:
                _log.warning("a check that was run again could not be stored: %s", error)
            finally:
                self._pending.remove(request)

    async def _perform(self, request: _Request) -> CheckRerun:
        """Return the request with its result, or with why there is none."""
        try:
            result = await self._run_unless_stopped(request)
        except TheseusError as error:
            return request.item.replace(trouble=str(error))
        if result is None:
            return request.item.replace(trouble="The configuration of base has no such check.")
        return request.item.replace(result=result.replace(output=result.output[-_SHOWN:]))

    async def _run_unless_stopped(self, request: _Request) -> CheckResult | None:
        """Run the check; end it, and raise `Stopped`, at an emergency stop."""
        check = asyncio.create_task(self._run(request), name=f"check of {request.run.id} again")
        watch = asyncio.create_task(self._wait_for_stop())
        try:
            await asyncio.wait({check, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not check.done():
                await self._stop_guard.check()
            return await check
        finally:
            check.cancel()
            watch.cancel()
            await asyncio.wait({check, watch})

    async def _run(self, request: _Request) -> CheckResult | None:
        run, evidence, change, item = request
        place = self._places[run.trigger.target]
        changed = [file.path for file in change.files if file.status != "deleted"]
        async with place.workspaces.open_copy(run, evidence, _SUFFIX) as workspace:
            await workspace.reset(item.head)
            return await place.verifier.run_check_again(item.name, workspace, changed)

    async def _wait_for_stop(self) -> None:
        while await self._stop_guard.get_stop() is None:
            await self._clock.sleep(_STOP_SECONDS)

    async def _save(self, run_id: str, item: CheckRerun) -> None:
        async with self._writing:
            stored = (await self._store.get_history(run_id)).check_reruns or CheckReruns()
            await self._store.append(run_id, stored.add(item))


def list_rerunnable(history: History) -> frozenset[str]:
    """Return the names of the checks that can run again: base's own, at the checked change."""
    verdict, change = history.verdict, history.change_set
    if verdict is None or change is None or change.head != verdict.head:
        return frozenset()
    return frozenset(each.name for each in verdict.checks) - REHEARSAL_CHECKS
