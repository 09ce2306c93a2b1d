"""What the agent is built from. The root owns all of it; the agent borrows."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.approving import ApprovalRules
from bot.domain.autonomy import Autonomy
from bot.domain.people import AllowList
from bot.ports.brake import Brake
from bot.ports.charts import Charts
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.memory import MemoryBook
from bot.ports.roster import Roster
from bot.ports.shelf import Shelf
from bot.ports.store import Store
from bot.ports.workspace import Checkout, Workspaces
from bot.self_improvement._budget import BudgetGate
from bot.stages.diagnose import Diagnose
from bot.stages.execute import Execute
from bot.stages.observe import Observe
from bot.stages.plan import MakePlan
from bot.stages.propose import Propose
from bot.stages.ship import Ship
from bot.stages.verify import Verify
from bot.stages.watch import WatchFix
from bot.telemetry import Recorder


@dataclass(frozen=True)
class Doors:
    """The doors the agent itself goes through; stages hold their own.

    Without a `checkout` there is no dev mode; without a `budget` nothing that runs do is counted.
    """

    store: Store
    chat: Chat
    forge: Forge
    workspaces: Workspaces
    clock: Clock
    journal: Journal
    recorder: Recorder
    shelf: Shelf
    memory: MemoryBook
    brake: Brake
    roster: Roster
    checkout: Checkout | None = None
    budget: BudgetGate | None = None
    charts: Charts | None = None


@dataclass(frozen=True)
class Stages:
    """One of each stage, ready to call.

    `stand_in` writes the change when `execute` cannot. Without `watch`, fixes are not watched.
    """

    observe: Observe
    diagnose: Diagnose
    plan: MakePlan
    execute: Execute
    verify: Verify
    propose: Propose
    ship: Ship
    stand_in: Execute | None = None
    watch: WatchFix | None = None


@dataclass(frozen=True)
class Limits:
    """How runs are worked on, and for whom."""

    people: AllowList
    dev_channel_id: int
    workers: int = 2
    per_person: int = 5  # runs under way that one person asked for
    rounds: int = 3
    full_tier: bool = True  # off where the forge runs it
    lease: timedelta = timedelta(seconds=30)
    sweep: timedelta = timedelta(seconds=5)
    brake: timedelta = timedelta(seconds=0.25)  # between looks whether everything is stopped
    question: timedelta = timedelta(hours=1)
    forge_checks: timedelta = timedelta(minutes=30)  # how long a merge waits for the forge's own
    comments: timedelta = timedelta(seconds=30)  # between looks at what reviewers wrote
    autonomy: Autonomy = field(default_factory=Autonomy)
    approval: ApprovalRules = field(default_factory=ApprovalRules)
    dev_mode: bool = False  # pause while people work on the code
    unconfined: str = ""  # why nothing can be run confined; then nothing is done unasked
    audit: timedelta = timedelta(days=400)  # how long entries are kept
    configured: str = ""  # what of the configuration is audited when it has changed
    vital_signs: tuple[str, ...] = ()
