"""What the agent is built from. The root owns all of it; the agent borrows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.authority.autonomy_levels import Autonomy
from bot.authority.flags import FlagRepository
from bot.authority.kill_switch import KillSwitchGuard
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.approval import ApprovalRules
from bot.domain.people import AllowList
from bot.ports.charts import Charts
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.live_registry import LiveRegistry
from bot.ports.member_directory import MemberDirectory
from bot.ports.memory import MemoryStore
from bot.ports.store import Store
from bot.ports.workspace import Checkout, Workspaces
from bot.presentation.run_links import NO_LINKS, RunLinks
from bot.telemetry import Recorder


@dataclass(frozen=True)
class Services:
    """The ports the agent itself goes through; what does the work of a step holds its own.

    Without a `checkout` there is no dev mode; without a `budget` nothing that runs do is counted;
    without a `live_registry` nothing is read again or rolled back by people.
    """

    store: Store
    chat: Chat
    forge: Forge
    workspaces: Workspaces
    clock: Clock
    journal: Journal
    recorder: Recorder
    key_values: KeyValueStore
    memory: MemoryStore
    stop_guard: KillSwitchGuard
    member_directory: MemberDirectory
    flags: FlagRepository
    checkout: Checkout | None = None
    budget: BudgetEnforcer | None = None
    charts: Charts | None = None
    live_registry: LiveRegistry | None = None


VitalSign = Callable[[], Awaitable[str]]
"""Returns a line for `/health`."""


@dataclass(frozen=True)
class RunSettings:
    """How runs are worked on, and for whom."""

    people: AllowList
    dev_channel_id: int
    workers: int = 2
    per_person: int = 5  # runs under way that one person asked for
    rounds: int = 3
    candidates: int = 1  # written of each wanted change; the best is proposed
    full_tier: bool = True  # off where the forge runs it
    lease: timedelta = timedelta(seconds=30)
    sweep: timedelta = timedelta(seconds=5)
    kill_switch: timedelta = timedelta(seconds=0.25)  # between looks whether everything is stopped
    question: timedelta = timedelta(hours=1)
    confirm: timedelta | None = None  # after which a low-risk change goes on without a go-ahead
    forge_checks: timedelta = timedelta(minutes=30)  # how long a merge waits for the forge's own
    comments: timedelta = timedelta(seconds=30)  # between looks at what reviewers wrote
    autonomy: Autonomy = field(default_factory=Autonomy)
    approval: ApprovalRules = field(default_factory=ApprovalRules)
    dev_mode: bool = False  # pause while people work on the code
    unconfined: str = ""  # why nothing can be run confined; then nothing is done unasked
    audit: timedelta = timedelta(days=400)  # how long entries are kept
    configured: str = ""  # what of the configuration is audited when it has changed
    engine: str = ""  # which engines write changes, for people
    vital_signs: tuple[str, ...] = ()
    code_signs: Callable[[], tuple[str, ...]] = tuple  # what does not run as the checkout has it
    signs: tuple[VitalSign, ...] = ()  # asked for a line each
    links: RunLinks = NO_LINKS  # where people find a run
