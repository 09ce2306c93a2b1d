"""What the web reads and asks, as far as it needs it. The root hands it in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.domain.backup import BackupStatus
from bot.domain.budget import BudgetRules
from bot.domain.feature_request import FeatureRequest
from bot.domain.history import History
from bot.domain.incident import Incident
from bot.domain.live_items import ItemKind, LiveItem
from bot.domain.people import Person
from bot.domain.run import Run
from bot.domain.stop import Stop, StopHow
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.ledger import Ledger
from bot.ports.live_registry import LiveRegistry
from bot.ports.memory import MemoryStore
from bot.ports.outbox import OutboxDepth
from bot.ports.record_search import RecordSearch
from bot.ports.store import Store
from bot.telemetry import Recorder


class StopControl(Protocol):
    """The emergency stop, as far as a page needs it."""

    async def get_stop(self) -> Stop | None:
        """Return the stop that stands."""
        ...

    async def stop(self, person: Person | None, how: StopHow, why: str = "") -> Stop:
        """Stop everything."""
        ...


class BaseUpdater(Protocol):
    """What looks at the remote and takes on what came to the followed branch."""

    async def ask(self, how: str) -> Stop | None:
        """Have the remote looked at soon; return the emergency stop that keeps it from that."""
        ...


class Agent(Protocol):
    """The agent's own look at its runs. Reading takes no person: the token was asked before."""

    async def list_runs(self, *, limit: int = 20) -> Sequence[Run]:
        """Return the newest runs, newest first."""
        ...

    async def find(self, *, run_id: str | None = None, thread_id: int | None = None) -> Run:
        """Return a run. Raises `UnknownRun`."""
        ...

    async def get_history(self, run_id: str) -> History:
        """Return what a run has recorded."""
        ...


class IncidentReader(Protocol):
    """What was noticed."""

    def list_incidents(self) -> Sequence[Incident]:
        """Return what is open and was lately, the newest first."""
        ...

    def find(self, incident_id: str) -> Incident:
        """Return one. Raises `WrongStage`."""
        ...


class MessageQueue(Protocol):
    """Where messages wait until the chat has them."""

    async def get_depth(self) -> OutboxDepth:
        """Return how full it is. Raises `StoreError`."""
        ...


class LiveItemOperator(Protocol):
    """Rolls back for whoever has the machine."""

    async def roll_back_as_operator(self, kind: ItemKind, name: str, number: int) -> LiveItem:
        """Roll back, audited. Raises `UnknownItem`, `NotRolledBack`."""
        ...


@dataclass(frozen=True)
class ChatConnection:
    """How the bot is connected to its chat: `ready`, and the latency in seconds."""

    ready: bool
    latency: float | None = None

    @property
    def milliseconds(self) -> int | None:
        """The latency in whole milliseconds."""
        return None if self.latency is None else round(self.latency * 1000)


@dataclass(frozen=True)
class BotFacts:
    """What is known of the running program. No secrets: it is shown as it is.

    `commands` says what keeps Discord from showing every command, `None`: nothing. `closing` says
    why it takes on nothing more, `None`: it does. `storage` says what is wrong with state files.
    """

    commit: Callable[[], str | None]
    connection: Callable[[], ChatConnection]
    engine: str = ""
    sandbox: str = ""
    followed: str = "main"
    commands: Callable[[], str | None] = lambda: None
    closing: Callable[[], str | None] = lambda: None
    storage: Callable[[], Sequence[str]] = lambda: ()
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WebServices:
    """What the web reads and asks. What is `None` is not there, and its pages say so.

    `alerts` counts them by channel and by how they went.
    """

    store: Store
    search: RecordSearch
    journal: Journal
    key_values: KeyValueStore
    clock: Clock
    recorder: Recorder
    agent: Agent
    base_updates: BaseUpdater
    facts: BotFacts
    incidents: IncidentReader | None = None
    emergency: StopControl | None = None
    ledger: Ledger | None = None
    outbox: MessageQueue | None = None
    alerts: Mapping[tuple[str, str], int] | None = None
    budget: Callable[[], BudgetRules] | None = None
    memory: MemoryStore | None = None
    live_registry: LiveRegistry | None = None
    live_items: LiveItemOperator | None = None
    feature_requests: Callable[[], Awaitable[Sequence[FeatureRequest]]] | None = None
    backups: Callable[[], Awaitable[BackupStatus]] | None = None
    look_at_issues: Callable[[], None] | None = None
