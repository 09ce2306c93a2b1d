"""The worker: does what the bot has signed, and signs what came of it."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from types import TracebackType

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker
from theseus_guard.record import Record
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.records import Script

from bot.adapters.temporal_queue._bundles import open_bundle
from bot.adapters.temporal_queue._envelopes import (
    Order,
    OrderOutcome,
    WorkerGroup,
    WorkKind,
    sign_record,
    truncate_message,
    verify_record,
)
from bot.domain.errors import PortError
from bot.domain.queued_work import CheckCommand, SearchAnswer, SearchOrder, WorkError
from bot.infra.commit_performer import CommitPerformer, perform_with
from bot.ports.artefact_store import ArtefactStore

_MAX_OPEN = 4  # commits whose code stays started
_BEAT = timedelta(seconds=1)
_BEATS = 3  # in the time after which a silent worker counts as dead


class TemporalWorker:
    """Takes orders of its group for the code of commit `version`, `slots` at once."""

    def __init__(
        self,
        client: Client,
        artefacts: ArtefactStore,
        rehearsal: Rehearsal,
        sandbox: Sandbox,
        group: WorkerGroup,
        version: str,
        slots: int = 1,
    ) -> None:
        self._commits = OpenCommits(artefacts, rehearsal, sandbox)
        activities = WorkerActivities(artefacts, self._commits, group, version)
        self._worker = Worker(
            client,
            task_queue=group.name_queue(version),
            activities=[activities.replay, activities.check, activities.search],
            max_concurrent_activities=slots,
            # An order that is cancelled is known at the next sign of life.
            max_heartbeat_throttle_interval=_BEAT,
            default_heartbeat_throttle_interval=_BEAT,
        )

    async def __aenter__(self) -> "TemporalWorker":
        """Start to take orders."""
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel the current work, which another worker then does, and end all processes."""
        try:
            await self._worker.__aexit__(kind, error, trace)
        finally:
            await self._commits.close()


class WorkerActivities:
    """The activities, under the names that orders have."""

    def __init__(
        self,
        artefacts: ArtefactStore,
        commits: "OpenCommits",
        group: WorkerGroup,
        version: str,
    ) -> None:
        self._artefacts, self._commits = artefacts, commits
        self._group, self._version = group, version

    @activity.defn(name="replay")
    async def replay(self, envelope: str) -> str:
        """Run a script."""
        return await self._answer("replay", envelope)

    @activity.defn(name="check")
    async def check(self, envelope: str) -> str:
        """Run a command."""
        return await self._answer("check", envelope)

    @activity.defn(name="search")
    async def search(self, envelope: str) -> str:
        """Judge candidates."""
        return await self._answer("search", envelope)

    async def _answer(self, kind: WorkKind, envelope: str) -> str:
        """Return the signed outcome of a signed order."""
        try:
            order = verify_record(envelope, Order, self._group.token)
        except WorkError as error:
            raise ApplicationError(str(error), type="refused", non_retryable=True) from error
        if (order.kind, order.group) != (kind, self._group.name):
            raise ApplicationError("not for this worker", type="refused", non_retryable=True)
        if order.version != self._version:
            raise ApplicationError(f"this is {self._version}", type="declined")
        try:
            async with _send_signs_of_life():
                outcome = OrderOutcome(order=order.id, result=await self._perform(order))
        except PortError as error:
            if error.retryable and activity.info().attempt < order.attempts:
                # Without the cause: its text would be in the history, for everyone to read.
                raise ApplicationError(error.code, type=error.code) from None
            message = truncate_message(redact(str(error)))
            outcome = OrderOutcome(order=order.id, error=error.code, message=message)
        return sign_record(outcome, self._group.token)

    async def _perform(self, order: Order) -> str:
        """Do the work, store the result, and return its key."""
        work = await self._artefacts.get(order.work)
        async with self._commits.open(order.bundle, order.snapshot) as performer:
            result: Record
            if order.kind == "replay":
                result = await performer.replay(Script.model_validate_json(work))
            elif order.kind == "search":
                part = SearchOrder.model_validate_json(work).part
                result = SearchAnswer(judgements=await performer.search(part))
            else:
                result = await performer.check(CheckCommand.model_validate_json(work))
        return await self._artefacts.put(result.model_dump_json().encode())


@asynccontextmanager
async def _send_signs_of_life() -> AsyncIterator[None]:
    """Tell the server that this worker is alive, as long as the event loop is."""
    silence = activity.info().heartbeat_timeout or _BEAT

    async def send() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(silence.total_seconds() / _BEATS)

    sending = asyncio.create_task(send())
    try:
        yield
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


class OpenCommit:
    """A commit whose files are written out, and how many orders use them now."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.stack = AsyncExitStack()
        self.performer: CommitPerformer | None = None
        self.users = 0


class OpenCommits:
    """Has the commits that were asked for last ready, because starting their code takes longest."""

    def __init__(self, artefacts: ArtefactStore, rehearsal: Rehearsal, sandbox: Sandbox) -> None:
        self._artefacts = artefacts
        self._rehearsal, self._sandbox = rehearsal, sandbox
        self._open: OrderedDict[str, OpenCommit] = OrderedDict()

    @asynccontextmanager
    async def open(self, bundle: str, snapshot: str) -> AsyncIterator[CommitPerformer]:
        """Yield the performer for a commit; others that no one uses may be closed for it."""
        found = self._open.setdefault(snapshot, OpenCommit())
        self._open.move_to_end(snapshot)
        found.users += 1
        try:
            async with found.lock:
                if found.performer is None:
                    content = await self._artefacts.get(bundle)
                    tree = await found.stack.enter_async_context(open_bundle(content, snapshot))
                    found.performer = await found.stack.enter_async_context(
                        perform_with(tree, self._rehearsal, self._sandbox)
                    )
            yield found.performer
        finally:
            found.users -= 1
            await self._close_oldest()

    async def _close_oldest(self) -> None:
        idle = [name for name, each in self._open.items() if not each.users]
        for name in idle[: max(0, len(self._open) - _MAX_OPEN)]:
            await self._open.pop(name).stack.aclose()

    async def close(self) -> None:
        """End all processes."""
        while self._open:
            await self._open.popitem()[1].stack.aclose()
