"""Gives work to the workers of one group, through Temporal."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError, TimeoutType
from temporalio.service import RPCError
from theseus_guard.record import Record
from theseus_observe.redaction import redact
from theseus_rehearsal.records import Script, Transcript
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice

from bot.adapters.temporal_queue._bundles import StoredBundles
from bot.adapters.temporal_queue._envelopes import (
    Order,
    OrderOutcome,
    WorkerGroup,
    WorkKind,
    sign_record,
    verify_record,
)
from bot.adapters.temporal_queue._workflow import OrderRequest, OrderWorkflow
from bot.adapters.temporal_queue._workflow_host import WorkflowHost, describe_outage
from bot.domain.errors import (
    PortError,
    RehearsalError,
    SandboxUnavailable,
    StoreError,
    VerifierError,
    WorkspaceBusy,
    WorkspaceError,
)
from bot.domain.queued_work import (
    ATTEMPTS,
    CheckCommand,
    CommandOutcome,
    SearchAnswer,
    SearchOrder,
    Verdict,
    WorkError,
    WorkLost,
    WorkUnavailable,
    find_end,
)
from bot.ports.artefact_store import ArtefactStore

R = TypeVar("R", bound=Record)
_MAX_RESULT = 32 * 1024 * 1024
_ERRORS: tuple[type[PortError], ...] = (
    RehearsalError, SandboxUnavailable, StoreError, VerifierError, WorkError, WorkLost,
    WorkUnavailable, WorkspaceBusy, WorkspaceError,
)  # fmt: skip


@dataclass(frozen=True)
class QueueLimits:
    """How long the parts of an order may take, in seconds, and how many orders are out at once.

    An order that no worker has taken after `wait` is given up. A worker that sends no sign of life
    for `silence` counts as dead. A replay takes at most `replay`.
    """

    wait: float = 60.0
    silence: float = 10.0
    replay: float = 90.0
    orders: int = 16


class TemporalQueue:
    """Implements `bot.ports.work_queue.WorkQueue` with workers of one group.

    It has the word of that group alone. Where a result decides something, ask two groups.
    """

    def __init__(
        self,
        host: WorkflowHost,
        artefacts: ArtefactStore,
        bundles: StoredBundles,
        group: WorkerGroup,
        version: str,
        limits: QueueLimits = QueueLimits(),
    ) -> None:
        self._host, self._artefacts, self._bundles = host, artefacts, bundles
        self._group, self._version, self._limits = group, version, limits
        self._queue = group.name_queue(version)
        self._slots = asyncio.Semaphore(limits.orders)

    @property
    def group(self) -> str:
        """The name of the workers' group."""
        return self._group.name

    @property
    def replay_seconds(self) -> float:
        """How long a replay may take."""
        return self._limits.replay

    @asynccontextmanager
    async def open(self, commit: str) -> AsyncIterator["TemporalWork"]:
        """Store the files of a commit for the workers."""
        yield TemporalWork(self, *await self._bundles.store(commit))

    @asynccontextmanager
    async def open_files(self, tree: Path) -> AsyncIterator["TemporalWork"]:
        """Store the files of a folder for the workers."""
        yield TemporalWork(self, *await self._bundles.store_files(tree))

    async def has_workers(self) -> bool:
        """Return whether a worker asks for work, or did so lately. Raises `WorkUnavailable`."""
        client = await self._host.get_client()
        request = DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=self._queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
        try:
            return bool((await client.workflow_service.describe_task_queue(request)).pollers)
        except RPCError as error:
            raise describe_outage(error) from error

    async def execute(
        self,
        kind: WorkKind,
        work: Record,
        snapshot: str,
        bundle: str,
        attempts: int,
        duration: float,
    ) -> bytes:
        """Give an order and return the artefact that came of it. Raises what the port says."""
        async with self._slots:
            order = Order(
                id=secrets.token_hex(16),
                group=self._group.name,
                version=self._version,
                kind=kind,
                bundle=bundle,
                snapshot=snapshot,
                work=await self._artefacts.put(work.model_dump_json().encode()),
                attempts=attempts,
            )
            outcome = verify_record(
                await self._send(order, duration), OrderOutcome, self._group.token
            )
        if outcome.order != order.id:
            raise WorkError("a worker answered with the outcome of another order")
        if outcome.error:
            raise _build_error(outcome)
        return await self._artefacts.get(outcome.result, limit=_MAX_RESULT)

    async def _send(self, order: Order, duration: float) -> str:
        """Return the outcome of an order, still sealed; a cancelled order is cancelled there."""
        limits, handle = self._limits, None
        request = OrderRequest(
            kind=order.kind,
            envelope=sign_record(order, self._group.token),
            queue=self._queue,
            attempts=order.attempts,
            wait=limits.wait,
            silence=limits.silence,
            duration=duration,
        )
        try:
            client = await self._host.get_client()
            handle = await client.start_workflow(
                OrderWorkflow.run,
                request,
                id=f"theseus-order-{order.id}",
                task_queue=self._host.queue,
                execution_timeout=timedelta(seconds=2 * limits.wait + duration),
            )
            return await handle.result()
        except WorkflowFailureError as error:
            raise _explain_failure(error) from error
        except RPCError as error:
            raise describe_outage(error) from error
        except asyncio.CancelledError:
            if handle is not None:
                await _cancel(handle)
            raise


class TemporalWork:
    """Implements `bot.ports.work_queue.CommitWork` for one bundle."""

    def __init__(self, queue: TemporalQueue, snapshot: str, bundle: str) -> None:
        self._queue = queue
        self._snapshot, self._bundle = snapshot, bundle
        self._has_workers = False

    async def replay(self, script: Script) -> Transcript:
        """Have a worker run a script."""
        limit = self._queue.replay_seconds
        return _read(await self._execute("replay", script, ATTEMPTS, limit), Transcript)

    async def check(self, command: CheckCommand, verdict: Verdict = find_end) -> CommandOutcome:
        """Have a worker run a command."""
        # The sandbox does not count the time in which a command waits for a processor.
        limit = 3 * command.seconds + 60
        return _read(await self._execute("check", command, command.attempts, limit), CommandOutcome)

    async def search(self, part: SearchSlice) -> Sequence[Judgement]:
        """Have a worker judge candidates."""
        limit = 2 * self._queue.replay_seconds
        found = await self._execute("search", SearchOrder(part=part), ATTEMPTS, limit)
        return _read(found, SearchAnswer).judgements

    async def _execute(self, kind: WorkKind, work: Record, attempts: int, duration: float) -> bytes:
        if not self._has_workers:
            self._has_workers = await self._queue.has_workers()
        if not self._has_workers:
            raise WorkUnavailable(
                f"no worker of the group {self._queue.group} with the code of this bot asks for "
                "work; start `theseus worker` there with the same commit"
            )
        return await self._queue.execute(
            kind, work, self._snapshot, self._bundle, attempts, duration
        )


def _read(content: bytes, kind: type[R]) -> R:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise WorkError(f"a worker's result is no {kind.__name__.lower()}") from error


def _build_error(outcome: OrderOutcome) -> PortError:
    """Return the error that a worker has met. Its text is the worker's, and redacted."""
    kind = next((each for each in _ERRORS if each.code == outcome.error), WorkError)
    return kind(redact(outcome.message))


def _explain_failure(failure: WorkflowFailureError) -> WorkError:
    """Return why an order has no outcome."""
    cause: BaseException | None = failure.cause
    if isinstance(cause, ActivityError):
        cause = cause.cause
    detail = str(cause)
    if isinstance(cause, TimeoutError) and cause.type == TimeoutType.SCHEDULE_TO_START:
        return WorkUnavailable("no worker has taken the work in time", detail=detail)
    if isinstance(cause, ApplicationError) and cause.type == "declined":
        return WorkUnavailable("a worker with other code has declined the work", detail=detail)
    if isinstance(cause, ApplicationError) and cause.type == "refused":
        return WorkError("a worker has refused the order: its token is another one", detail=detail)
    return WorkLost("the worker ended, fell silent or took too long", detail=detail)


async def _cancel(handle: WorkflowHandle[OrderWorkflow, str]) -> None:
    # If the server is away, the workflow ends at its time limit.
    with suppress(RPCError):
        await handle.cancel(rpc_timeout=timedelta(seconds=5))
