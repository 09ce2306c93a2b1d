"""Where the bot lives, and what servers with settings of their own have."""

from contextlib import AsyncExitStack
from datetime import timedelta

from bot.adapters.claude_agent import ChooseRole
from bot.adapters.discord_chat import DiscordMemberDirectory
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.authority.kill_switch import KillSwitchGuard
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.target_budgets import GuildBudgets
from bot.client import Identity, TheseusClient
from bot.domain.account import Account
from bot.domain.errors import ConfigError, UnknownRun
from bot.domain.guilds import AllowLists, collect_people
from bot.domain.roles import Role
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.settings import Settings

_DATA = "guild-data"
"""The folder of the state with the ledgers of servers, by server id."""


def build_identity(settings: Settings) -> Identity:
    """Return where the bot lives. Raises `ConfigError` when the dev channel is not set."""
    config = settings.config
    if config.discord.dev_channel_id is None:
        raise ConfigError(
            f"{settings.config_file}: discord.dev_channel_id is not set. Turn on Developer Mode in "
            "Discord, right-click your dev channel, choose “Copy Channel ID” and put it there."
        )
    return Identity(
        config.discord.guild_id,
        config.discord.dev_channel_id,
        AllowLists(config.people, collect_people(config.guilds)),
        answers_unaddressed=config.discord.answers_unaddressed,
        guilds=config.guilds,
        shard=config.discord.shard,
    )


def build_member_directory(
    client: TheseusClient, who: Identity, clock: Clock
) -> DiscordMemberDirectory:
    """Return the members of the bot's server, or of each server that has people of its own."""
    return DiscordMemberDirectory(client, who.guild_id, clock, separate=who.people.guilds)


async def open_guild_budgets(
    settings: Settings, clock: Clock, stop_guard: KillSwitchGuard, stack: AsyncExitStack
) -> GuildBudgets:
    """Open the budgets of the servers that have caps of their own."""
    keep, enforcers = timedelta(days=settings.config.gateway.keep_days), {}
    for guild_id, guild in settings.config.guilds.items():
        if guild.budget is None:
            continue
        folder = settings.state / _DATA / str(guild_id)
        folder.mkdir(parents=True, exist_ok=True)
        ledger = await stack.enter_async_context(SqliteLedger(folder / "ledger.sqlite3"))
        enforcers[guild_id] = BudgetEnforcer(
            ledger, clock, guild.budget, keep=keep, stopped=stop_guard.get_stop
        )
    return GuildBudgets(enforcers)


def build_role_choice(settings: Settings, store: Store) -> ChooseRole:
    """Return what replaces the model of a role by that of the run's server."""
    guilds = settings.config.guilds

    async def choose(account: Account, role: Role) -> Role:
        if account.run_id is None or not guilds:
            return role
        try:
            run = await store.get(account.run_id)
        except UnknownRun:
            return role
        guild = guilds.get(run.trigger.place.guild_id or 0)
        model = guild.models.choose(account.purpose) if guild is not None else None
        return role if model is None else role.replace(model=model)

    return choose
