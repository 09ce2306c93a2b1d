"""The settings of the agent. The application makes them from the configuration."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.authority.autonomy_levels import Autonomy
from bot.domain.approval import ApprovalRules
from bot.domain.guilds import GuildSettings
from bot.domain.people import AllowList
from bot.presentation.run_links import NO_LINKS, RunLinks

VitalSign = Callable[[], Awaitable[str]]
"""Returns a line for `/health`."""


@dataclass(frozen=True)
class RunSettings:
    """How runs are processed, and for whom."""

    people: AllowList
    dev_channel_id: int
    # of other bots, by name; None: those of Theseus
    target_people: Mapping[str, AllowList | None] = field(default_factory=dict)
    guilds: Mapping[int, GuildSettings] = field(default_factory=dict)
    workers: int = 2
    per_person: int = 5  # active runs of one person
    rounds: int = 3
    candidates: int = 1  # written for each requested change; the best is proposed
    fix_candidates: int = 1  # written at most for a fix whose plan has several approaches
    votes: int = 3  # of reviewers, between candidates that no rule tells apart
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
