"""What the bot tells people as they have chosen it, made from open ports."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bot.adapters.discord_chat import DiscordPresence
from bot.app.agent import build_links
from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.quiet_state import QuietState
from bot.client import Identity, TheseusClient
from bot.domain.incident import Incident
from bot.domain.target import OWN_TARGET
from bot.infra.injector import Injector
from bot.monitoring import Monitoring, StorageWatch
from bot.notices.activity import ActivityReader
from bot.notices.digest_schedules import DigestPlaces, DigestPosts, DigestSchedules
from bot.notices.ignored import IgnoredNotices
from bot.notices.personal_notices import PersonalNotices
from bot.notices.preferences import NoticePreferences
from bot.notices.presence import HealthPresence
from bot.notices.proposal_groups import ProposalGroups
from bot.notices.quiet import QuietMode
from bot.notices.recipients import Recipients
from bot.notices.records import NoticeRecords
from bot.notices.reminders import NoticeReminders, ReminderPlaces
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.self_improvement.running_agent import Loop
from bot.settings import Settings


def open_choices(injector: Injector, dev_channel_id: int) -> None:
    """Provide what people have chosen, and the announcer that heeds it."""
    injector.build(QuietState)
    injector.build(NoticePreferences)
    injector.build(DevChannelAnnouncer, dev_channel_id=dev_channel_id)


def build_notices(injector: Injector, storage: StorageWatch) -> tuple[Loop, ...]:
    """Return what tells people, and what shows the bot's health beside its name; not running yet.

    The injector then provides its parts.
    """
    who, monitoring = injector.get(Identity), injector.get(Monitoring)
    chat_address = build_links(injector.get(Settings)).chat
    address = f"{chat_address}/{who.guild_id}" if chat_address and who.guild_id else ""
    channels = {each.target: each.dev_channel_id for each in (monitoring, *monitoring.others)}
    loops = assemble_notices(
        injector, channels, monitoring.list_incidents, dev_channel_id=who.dev_channel_id,
        address=address,
    )  # fmt: skip
    return (*loops, _build_presence(injector, storage))


def assemble_notices(
    injector: Injector,
    channels: Mapping[str, int],
    list_incidents: Callable[[], Sequence[Incident]],
    *,
    dev_channel_id: int,
    address: str = "",
) -> tuple[Loop, ...]:
    """Return the same from open ports alone.

    `channels` are the channels of targets by name, `address` is what links to messages begin with.
    """
    build = injector.build
    build(QuietMode)
    build(Recipients)
    build(ActivityReader, count_incidents=partial(_count_open, list_incidents))
    here = [name for name, channel_id in channels.items() if channel_id == dev_channel_id]
    build(DigestPlaces, dev_channel_id=dev_channel_id, targets=frozenset({OWN_TARGET, *here}))
    build(ReminderPlaces, chat=injector.get(Chat), clock=injector.get(Clock), address=address)
    build(DigestSchedules)
    groups, reminders = build(ProposalGroups, channels=channels), build(NoticeReminders)
    build(IgnoredNotices)
    build(NoticeRecords)
    state = injector.get(QuietState)
    return (state, build(DigestPosts), build(PersonalNotices), groups, reminders)


def _build_presence(injector: Injector, storage: StorageWatch) -> HealthPresence:
    """Return what shows the bot's health."""
    client = injector.get(TheseusClient)

    async def find_faults() -> list[str]:
        failed = await client.get_failed_cogs()
        faults = [f"{each.file.name}: {each.kind}" for each in storage.faults]
        faults += [f"{name} does not load" for name in failed]
        return [*faults, *(["not all commands are shown"] if client.commands_trouble else [])]

    return injector.call(HealthPresence, display=DiscordPresence(client), find_faults=find_faults)


def _count_open(list_incidents: Callable[[], Sequence[Incident]], target: str) -> int:
    return sum(each.open and each.target == target for each in list_incidents())
