"""The protocols that the web package reads from and calls. `bot.app` provides their objects."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.authority.approvals import Approvals
from bot.domain.backup import BackupStatus
from bot.domain.budget import BudgetRules
from bot.domain.feature_request import FeatureRequest
from bot.domain.forge_webhook import ForgeWebhook
from bot.domain.history import History
from bot.domain.incident import Incident
from bot.domain.live_items import ItemKind, LiveItem
from bot.domain.people import Person
from bot.domain.progress import TranscriptLine
from bot.domain.run import Run
from bot.domain.samples import ReceivedRecords
from bot.domain.stop import Stop, StopHow
from bot.monitoring.incident_acts import IncidentActs
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.ledger import Ledger
from bot.ports.live_registry import LiveRegistry
from bot.ports.login_provider import LoginProvider
from bot.ports.member_directory import MemberDirectory
from bot.ports.memory import MemoryStore
from bot.ports.outbox import OutboxDepth
from bot.ports.record_search import RecordSearch
from bot.ports.store import Store
from bot.ports.trees import CommitTrees
from bot.ports.workspace import Checkout
from bot.self_improvement.check_reruns import CheckRerunService
from bot.self_improvement.reporting.viewed_files import ViewedFileService
from bot.self_improvement.run_conversation import RunConversation
from bot.self_improvement.run_decisions import RunDecisions
from bot.telemetry import Recorder


class StopControl(Protocol):
    """The part of the emergency stop that pages use."""

    async def get_stop(self) -> Stop | None:
        """Return the active stop, or `None`."""
        ...

    async def stop(self, person: Person | None, how: StopHow, why: str = "") -> Stop:
        """Activate the emergency stop."""
        ...


class BaseUpdater(Protocol):
    """Fetches the remote and applies new commits of the followed branch."""

    async def ask(self, how: str) -> Stop | None:
        """Request a fetch of the remote soon.

        Return the emergency stop that prevents it, or `None`.
        """
        ...


class Agent(Protocol):
    """Read access to the agent's runs.

    No method takes a person: the caller was authenticated by the token.
    """

    async def list_runs(self, *, limit: int = 20) -> Sequence[Run]:
        """Return the newest runs, newest first."""
        ...

    async def find(self, *, run_id: str | None = None, thread_id: int | None = None) -> Run:
        """Return a run. Raises `UnknownRun`."""
        ...

    async def get_history(self, run_id: str) -> History:
        """Return everything that a run has recorded."""
        ...


class TranscriptReader(Protocol):
    """Read access to the live transcripts of runs, which are redacted."""

    def list_lines(self, run_id: str) -> Sequence[TranscriptLine]:
        """Return the lines of a run, oldest first."""
        ...

    def get_lengths(self) -> Mapping[str, int]:
        """Return the number of the newest line of each run."""
        ...


class IncidentDesk(Protocol):
    """The incidents, and what people can do about them."""

    def list_incidents(self) -> Sequence[Incident]:
        """Return open and recent incidents, newest first."""
        ...

    def find(self, incident_id: str) -> Incident:
        """Return one incident. Raises `WrongStage` if it is unknown."""
        ...

    def get_acts(self, incident_id: str) -> IncidentActs:
        """Return the acts on the incidents of the bot that has this one; if unknown, of ours."""
        ...

    async def close(self, incident_id: str, person: Person) -> Incident:
        """Close an incident that does not close by itself.

        Raises `NotAuthorized`, `WrongStage`.
        """
        ...


@dataclass(frozen=True)
class TargetSources:
    """Where the records and the code of one bot are. Without `checkout`, no source is shown."""

    journal: Journal
    checkout: Checkout | None = None


@dataclass(frozen=True)
class PersonLogins:
    """What logins through Discord use. `check_reader` raises `NotAuthorized`, audited."""

    provider: LoginProvider
    members: MemberDirectory
    check_reader: Callable[[Person], Awaitable[None]]


@dataclass(frozen=True)
class ProposalReview:
    """The services that decide about proposals in chat; the proposal's page calls the same ones."""

    approvals: Approvals
    decisions: RunDecisions
    conversation: RunConversation
    viewed: ViewedFileService


class MessageQueue(Protocol):
    """The queue of messages that the chat has not received yet."""

    async def get_depth(self) -> OutboxDepth:
        """Return how many messages are in the queue. Raises `StoreError`."""
        ...


class RecordReceiver(Protocol):
    """Takes the records of another bot."""

    async def receive(self, lines: Sequence[bytes]) -> ReceivedRecords:
        """Store the records of lines, each once. Raises `JournalError`."""
        ...


class LiveItemOperator(Protocol):
    """Rolls back live items for the operator of the machine, and for people."""

    async def roll_back_as_operator(self, kind: ItemKind, name: str, number: int) -> LiveItem:
        """Roll back the item and audit it. Raises `UnknownItem`, `NotRolledBack`."""
        ...

    async def roll_back(
        self, person: Person, kind: ItemKind, name: str, number: int, seen: str = ""
    ) -> LiveItem:
        """Roll back for an approver. Raises `NotAuthorized` too."""
        ...


@dataclass(frozen=True)
class ChatConnection:
    """The state of the connection to the chat; `latency` is in seconds."""

    ready: bool
    latency: float | None = None

    @property
    def milliseconds(self) -> int | None:
        """The latency, rounded to milliseconds."""
        return None if self.latency is None else round(self.latency * 1000)


@dataclass(frozen=True)
class BotFacts:
    """Facts about the running program. They are shown as they are and must contain no secrets.

    `commands` returns why Discord does not show every command, or `None` if it shows all. `closing`
    returns why the bot accepts no more work, or `None` if it does. `storage` lists problems with
    the state files.
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
    """The objects that the web package uses.

    An optional one may be `None`; its pages then say that the feature is missing. `alerts` counts
    the alerts by channel and result. `webhooks` are by the end of their address, `receivers` and
    `sources` by the name of their target.
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
    transcripts: TranscriptReader | None = None
    incidents: IncidentDesk | None = None
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
    logins: PersonLogins | None = None
    trees: CommitTrees | None = None
    proposals: ProposalReview | None = None
    reruns: CheckRerunService | None = None
    webhooks: Mapping[str, ForgeWebhook] = field(default_factory=dict)
    receivers: Mapping[str, RecordReceiver] = field(default_factory=dict)
    sources: Mapping[str, TargetSources] = field(default_factory=dict)

    def get_sources(self, target: str) -> TargetSources:
        """Return the sources of a bot; without known ones, this bot's journal."""
        return self.sources.get(target) or TargetSources(self.journal)
