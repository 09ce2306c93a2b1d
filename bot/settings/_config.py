"""`data/config.yaml`: everything that is not a secret and not an address."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from theseus_guard.protection import Protection
from theseus_guard.record import Record

from bot.domain.approval import ApprovalRules
from bot.domain.ballot import MOST_VOTES
from bot.domain.budget import BudgetRules
from bot.domain.checks import Checks
from bot.domain.conduct import ConductRules
from bot.domain.errors import ConfigError
from bot.domain.experience import ExperienceLimits
from bot.domain.gates import GateRules
from bot.domain.guilds import GuildSettings
from bot.domain.monitoring_config import BackupConfig, IncidentsConfig, SelfAuditConfig
from bot.domain.objective import GoalsConfig
from bot.domain.people import AllowList
from bot.domain.roles import Role
from bot.domain.shard import Shard, find_shard
from bot.domain.target import OWN_TARGET, Target, TargetForge, TargetStart
from bot.domain.thresholds import Thresholds
from bot.domain.tools import McpServer
from bot.domain.watch import WatchRules
from bot.settings._alerts import AlertsConfig
from bot.settings._autonomy_and_chat import AutonomyConfig, ChatConfig, MissedConfig
from bot.settings._availability import AvailabilityConfig
from bot.settings._forge import ForgeConfig
from bot.settings._research import ResearchConfig
from bot.settings._restart import RestartConfig
from bot.settings._safety import (
    AuditConfig,
    GatewayConfig,
    HttpConfig,
    ProtectionConfig,
    SandboxConfig,
)
from bot.settings._transcription import VoiceConfig
from bot.settings._work import WorkConfig
from bot.settings._yaml import parse

GuildId = Annotated[int, Field(gt=0)]


class DiscordConfig(Record):
    """Where the bot lives. Ids are Discord snowflakes (Developer Mode, then Copy ID)."""

    guild_id: int | None = Field(default=None, gt=0)
    dev_channel_id: int | None = Field(default=None, gt=0)
    answers_unaddressed: bool = Field(
        default=False, description="questions that mention nobody are for the bot, as in a demo"
    )
    shard: Shard | None = Field(default=None, description="this process; null: all servers")

    @model_validator(mode="after")
    def _require_own_server(self) -> Self:
        if self.shard is None:
            return self
        if self.guild_id is None:
            raise ValueError("with shard, set guild_id: the server in which this process decides")
        if not self.shard.has(self.guild_id):
            own = find_shard(self.guild_id, self.shard.count)
            raise ValueError(
                f"guild_id is in shard {own} of {self.shard.count}; set shard.id to {own}, or "
                "guild_id to a server of this shard"
            )
        return self


class EngineConfig(Record):
    """Which engine writes changes, and what each part of it may use.

    `seconds` is one round of the offline engine. `fallback` says what happens when the claude
    engine cannot work: the offline engine takes over, or the run ends.
    """

    name: Literal["auto", "offline", "claude"] = "auto"
    fallback: Literal["offline", "none"] = "offline"
    seconds: float = Field(default=300.0, gt=0, le=86_400)
    planner: Role = Role(model="opus", effort="high", turns=40, seconds=300.0, usd=1.0)
    second_planner: Role | None = Field(
        default=None, description="also asked about plans of high risk; null: nobody"
    )
    executor: Role = Role(model="sonnet", turns=100, seconds=900.0, usd=2.0)
    reviewer: Role | None = Role(model="opus", turns=20, seconds=180.0, usd=0.5)
    silence_seconds: float = Field(
        default=180.0, gt=0, le=3_600, description="without a sign of life, an engine is given up"
    )
    votes: int = Field(
        default=3,
        ge=0,
        le=MOST_VOTES,
        description="of the reviewer, between candidates that all hold and no rule tells apart",
    )
    question_minutes: float = Field(
        default=60.0, gt=0, le=10_080, description="unanswered, a question's default counts"
    )


class RunsConfig(Record):
    """How runs are worked on."""

    workers: int = Field(default=2, ge=1, le=32)
    per_person: int = Field(default=5, ge=1, le=1_000)
    rounds: int = Field(default=3, ge=1, le=10)
    lease_seconds: float = Field(default=30.0, gt=0, le=3_600)
    lookback_hours: float = Field(default=24.0, gt=0, le=8_760)
    keep_days: int = Field(
        default=400, ge=30, le=36_500, description="ended runs, with what was said in them"
    )


class ChangeConfig(Record):
    """How requested changes are made, of something that has not failed."""

    confirm_minutes: float | None = Field(
        default=None,
        gt=0,
        le=10_080,
        description="after which one of low risk is written unless somebody objects; null: never",
    )
    candidates: int = Field(
        default=1, ge=1, le=5, description="written of each change; the best is proposed"
    )
    use_days: float = Field(
        default=7.0, ge=0, le=30, description="after which its use is told; 0: it is not told"
    )


class FixConfig(Record):
    """How faults are fixed."""

    candidates: int = Field(
        default=2,
        ge=1,
        le=4,
        description="written at most, side by side, where a plan has several approaches; 1: never",
    )


class JournalConfig(Record):
    """How long records are stored: verdicts and audits need several weeks."""

    keep_days: int = Field(default=90, ge=30, le=36_500)


class TrafficConfig(Record):
    """What is stored of people's interactions with cogs; as long as the journal."""

    record: bool = True
    successes: int = Field(default=60, ge=10, le=10_000, description="of each command")
    failures: int = Field(default=30, ge=1, le=10_000, description="of each command")
    snapshot_mb: int = Field(
        default=16, ge=0, le=1_024, description="of a cog's files at a failure; 0: none are copied"
    )


class VersionsConfig(Record):
    """Versions of prompts, skills, the persona, the configuration and cogs (docs/hot-reload.md)."""

    kept: int = Field(default=10, ge=2, le=1_000, description="of each; the oldest go first")


class Config(Record):
    """The complete file."""

    discord: DiscordConfig = DiscordConfig()
    people: AllowList = AllowList()
    approval: ApprovalRules = ApprovalRules()
    engine: EngineConfig = EngineConfig()
    budget: BudgetRules = BudgetRules()
    gateway: GatewayConfig = GatewayConfig()
    forge: ForgeConfig = ForgeConfig()
    sandbox: SandboxConfig = SandboxConfig()
    runs: RunsConfig = RunsConfig()
    work: WorkConfig = WorkConfig()
    change: ChangeConfig = ChangeConfig()
    fix: FixConfig = FixConfig()
    journal: JournalConfig = JournalConfig()
    traffic: TrafficConfig = TrafficConfig()
    versions: VersionsConfig = VersionsConfig()
    detection: Thresholds = Thresholds()
    conduct: ConductRules = ConductRules()
    incidents: IncidentsConfig = IncidentsConfig()
    alerts: AlertsConfig = AlertsConfig()
    autonomy: AutonomyConfig = AutonomyConfig()
    watch: WatchRules = WatchRules()
    self_audit: SelfAuditConfig = SelfAuditConfig()
    goals: GoalsConfig = GoalsConfig()
    chat: ChatConfig = ChatConfig()
    voice: VoiceConfig = VoiceConfig()
    research: ResearchConfig = ResearchConfig()
    missed: MissedConfig = MissedConfig()
    restart: RestartConfig = RestartConfig()
    availability: AvailabilityConfig = AvailabilityConfig()
    audit: AuditConfig = AuditConfig()
    backup: BackupConfig = BackupConfig()
    http: HttpConfig = HttpConfig()
    protection: ProtectionConfig = ProtectionConfig()
    targets: tuple[Target, ...] = Field(
        default=(), description="other bots that are looked after; `theseus adopt` adds one"
    )
    tools: tuple[McpServer, ...] = Field(
        default=(), description="MCP servers whose tools models may use (docs/tools.md)"
    )
    guilds: dict[GuildId, GuildSettings] = Field(
        default={}, description="servers with settings of their own (docs/guilds.md)"
    )
    gates: GateRules = GateRules()
    experience: ExperienceLimits = ExperienceLimits()
    checks: Checks
    cogs: tuple[str, ...] = Field(default=(), description="extensions to load; empty: all in cogs/")

    @model_validator(mode="after")
    def _require_time_to_end(self) -> Self:
        most = self.restart.drain_seconds / 2
        if self.http.drain_seconds > most:
            raise ValueError(
                "http.drain_seconds may be at most half of restart.drain_seconds, which is "
                f"{most:g} here: the rest is for runs; lower the first or raise the second"
            )
        return self

    @model_validator(mode="after")
    def _require_separate_guilds(self) -> Self:
        channels = {self.discord.dev_channel_id: "discord.dev_channel_id"}
        for key, guild in self.guilds.items():
            where = f"guilds.{key}"
            if key == self.discord.guild_id:
                raise ValueError(
                    f"{where}: this is the server of discord.guild_id; remove the entry and set "
                    "people, budget and engine for it at the top of the file"
                )
            shard = self.discord.shard
            if shard is not None and not shard.has(key):
                raise ValueError(
                    f"{where}: this server is in shard {find_shard(key, shard.count)}; move the "
                    "entry to the configuration of that process"
                )
            if self.discord.guild_id is not None and guild.people is None:
                raise ValueError(
                    f"{where}: people is missing; only people that are listed here may do "
                    "anything in this server, because discord.guild_id names another one"
                )
            other = channels.get(guild.channel_id) if guild.channel_id is not None else None
            if other is not None:
                raise ValueError(f"{where}.channel_id is that of {other}; each needs its own")
            channels[guild.channel_id] = f"{where}.channel_id"
        return self

    @field_validator("targets")
    @classmethod
    def _require_distinct_targets(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        names = [each.name for each in targets]
        if OWN_TARGET in names:
            raise ValueError(f"{OWN_TARGET} is this bot itself, which needs no entry; rename it")
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated:
            raise ValueError(f"two targets have the name {repeated}; rename one")
        return targets

    @field_validator("tools")
    @classmethod
    def _require_distinct_servers(cls, servers: tuple[McpServer, ...]) -> tuple[McpServer, ...]:
        names = [each.name for each in servers]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two servers have the name {repeated}; rename one")
        return servers

    @property
    def own_target(self) -> Target:
        """Theseus itself, as a target: the default one."""
        github = self.forge.github.repository
        forge = TargetForge(kind="github", repository=github) if github else TargetForge()
        return Target(
            name=OWN_TARGET,
            repository=".",
            branch=self.forge.branch,
            start=TargetStart(module="bot", arguments=("run",)),
            extensions=self.cogs or ("cogs.*",),
            checks=self.checks,
            forge=forge,
            channel_id=self.discord.dev_channel_id,
            people=self.people,
            budget=self.budget,
            live="checkout",
        )


def parse_config(text: str, source: str) -> Config:
    """Parse the file's text; `ConfigError` names `source`, line and key."""
    return parse(text, Config, source)


def parse_checks(text: str, source: str) -> Checks:
    """Parse only the `checks` of a configuration, whatever the rest of it looks like."""
    return parse(text, Checks, source, only="checks")


def parse_protection(text: str, source: str) -> Protection:
    """Parse only the `protection` of a configuration, whatever the rest of it looks like."""
    return parse(text, ProtectionConfig, source, only="protection")


def parse_thresholds(text: str, source: str, *, required: bool) -> Thresholds:
    """Parse only the `detection` of a configuration, whatever the rest of it looks like.

    If it is `required`, a file without that section is an error.
    """
    if required and not re.search(r"^[\"']?detection\b", text, re.MULTILINE):
        raise ConfigError(f"{source}: there is no section `detection:`; see data/config.yaml.")
    return parse(text, Thresholds, source, only="detection")
