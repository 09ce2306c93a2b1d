"""The ports and settings that the agent is built from. The application owns them."""

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
    """The ports that the agent uses; the steps' workers have ports of their own.

    Without a `checkout` there is no dev mode. Without a `budget` the runs' costs are not counted.
    Without a `live_registry` people can neither reload nor roll back versions.
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
    """How runs are processed, and for whom."""

    people: AllowList
    dev_channel_id: int
    workers: int = 2
    per_person: int = 5  # active runs of one person
    rounds: int = 3
    candidates: int = 1  # written for each requested change; the best is proposed
    full_tier: bool = True  # off if the forge runs the full checks
    lease: timedelta = timedelta(seconds=30)
    sweep: timedelta = timedelta(seconds=5)
    kill_switch: timedelta = timedelta(seconds=0.25)  # between checks for an emergency stop
    question: timedelta = timedelta(hours=1)
    confirm: timedelta | None = None  # then a low-risk change continues without an agreement
    forge_checks: timedelta = timedelta(minutes=30)  # how long a merge waits for the forge's checks
    comments: timedelta = timedelta(seconds=30)  # between reads of review comments
    autonomy: Autonomy = field(default_factory=Autonomy)
    approval: ApprovalRules = field(default_factory=ApprovalRules)
    dev_mode: bool = False  # pause while people work on the code
    unconfined: str = ""  # why there is no sandbox; then the bot starts nothing by itself
    audit: timedelta = timedelta(days=400)  # how long audit entries are stored
    configured: str = ""  # the part of the configuration whose changes are audited
    engine: str = ""  # which engines write changes, for people
    vital_signs: tuple[str, ...] = ()
    code_signs: Callable[[], tuple[str, ...]] = tuple  # running code that differs from the checkout
    signs: tuple[VitalSign, ...] = ()  # each gives one line for `/health`
    links: RunLinks = NO_LINKS  # links to a run's page
