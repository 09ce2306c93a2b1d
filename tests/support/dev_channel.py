"""The dev channel with real client, cogs, chat and agent; fakes behind the other ports."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from local_discord.person import Message, Person
from local_discord.server import LocalDiscord, LocalPerson
from local_discord.world import RESPONSE_SECONDS
from local_discord_tests.sample_bot import run_bot
from local_discord_tests.trust import trust_programs
from theseus_observe.redaction import redact

from bot.adapters.discord_chat import DiscordChat, DiscordMemberDirectory
from bot.app.goals import assemble_goals
from bot.app.notices import assemble_notices
from bot.app.personal_data import PersonalDataStores, RetentionPeriods, build_personal_data
from bot.authority.personal_data import PersonalDataService
from bot.authority.quiet_state import QuietState
from bot.client import Identity, TheseusClient
from bot.domain.guilds import AllowLists
from bot.domain.monitoring_config import IncidentsConfig
from bot.domain.objective import GoalsConfig
from bot.domain.people import AllowList, PeopleList
from bot.domain.run import Run, Waiting
from bot.domain.target import OWN_TARGET
from bot.domain.thresholds import Thresholds
from bot.goals.pursuit import PursuitRecords
from bot.goals.service import ObjectiveService
from bot.infra.injector import Injector
from bot.intake.corrections import Corrections
from bot.intake.targets import KnownTarget
from bot.monitoring import Monitoring, MonitoringRules, MonitoringServices
from bot.notices.preferences import NoticePreferences
from bot.notices.records import NoticeRecords
from bot.ports.ledger import Ledger
from bot.ports.outbox import OutboxStore
from bot.ports.planner import Planner
from bot.reviews.service import IncidentReviews, ReviewRecords
from bot.self_improvement import RunSettings
from bot.self_improvement.reporting.viewed_files import ViewedFileService
from bot.self_improvement.requests.gaps import GapService
from bot.skills import SkillLibrary
from bot.telemetry import Recorder
from tests.fakes.fake_erasable import FakeErasable
from tests.fakes.fake_outbox import FakeOutbox
from tests.fakes.fake_traffic import FakeSnapshots, catch_up
from tests.support.agent_harness import AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.intake_harness import create_intake
from tests.support.skill_folders import load_skills

ROOT = Path(__file__).resolve().parents[2]
COGS = (
    "cogs.conversation",
    "cogs.approvals",
    "cogs.runs",
    "cogs.capabilities",
    "cogs.incidents",
    "cogs.audits",
    "cogs.budget",
    "cogs.memory",
    "cogs.questions",
    "cogs.pauses",
    "cogs.notices",
    "cogs.emergency_stop",
    "cogs.privacy",
    "cogs.skills",
    "cogs.admin",
    "cogs.about",
)
# What conversations about runs need. Loading and unloading all takes a fifth of a test's time.
RUN_COGS = ("cogs.conversation", "cogs.approvals", "cogs.runs")
PEOPLE = (
    LocalPerson("alice", listed=True),
    LocalPerson("bob", listed=True),
    LocalPerson("dora", listed=True),
    LocalPerson("mallory", listed=False),
)


class DevChannel:
    """The dev channel with its people.

    Alice and bob are approvers, dora is a developer, mallory is not listed.
    """

    def __init__(
        self,
        local: LocalDiscord,
        world: AgentHarness,
        client: TheseusClient,
        agent: AgentUnderTest,
    ) -> None:
        self.local = local
        self.world = world
        self.client = client
        self.agent = agent
        self.services = agent.injector
        self.people: dict[str, Person] = {}

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    async def list_runs(self) -> tuple[Run, ...]:
        """Return every run, newest first."""
        return await self.world.store.find()

    async def wait_until(self, true: Callable[[Run], bool]) -> Run:
        """Return the newest run once the condition holds for it."""
        async with asyncio.timeout(15):
            while True:
                runs = await self.list_runs()
                if runs and true(runs[0]):
                    return runs[0]
                await asyncio.sleep(0.01)

    async def wait_for_proposal(self, true: Callable[[Run], bool] = lambda run: True) -> Run:
        """Return the newest run once its proposal card is visible, if the condition holds for
        it.
        """
        async with asyncio.timeout(15):
            while True:
                run = await self.wait_until(
                    lambda run: run.waiting is Waiting.APPROVAL and true(run)
                )
                if await self.world.has_card(run):
                    return run
                await asyncio.sleep(0.01)

    async def request_proposal(self) -> tuple[Run, str, Message]:
        """Request a fix as alice; return the run, its thread and its proposal card."""
        await self["alice"].say("dev", "rolling dice keeps crashing, fix it")
        run = await self.wait_for_proposal()
        thread = str(run.thread_id)
        card = await self["alice"].wait_for(
            thread, lambda message: "Ship it" in list_labels(message)
        )
        return run, thread, card

    async def wait_for_answer(self, who: str, interaction: dict[str, Any], channel: str) -> str:
        """Return the text of the private answer to an interaction, once it has arrived."""
        assert interaction["result"] in ("deferred", "ephemeral"), interaction
        assert interaction["ephemeral"], interaction
        wanted = interaction["message"]["id"]
        said = await self[who].wait_for(
            channel,
            lambda message: message["id"] == wanted and bool(message["content"]),
            after=str(int(wanted) - 1),
        )
        return str(said["content"])

    async def run_command(self, who: str, command: str, **options: Any) -> str:
        """Run a command as a person in #dev; return the final text of the answer."""
        answer = await self[who].interact("dev", command=command, options=options or None)
        if answer["ephemeral"]:
            return await self.wait_for_answer(who, answer, "dev")
        wanted = answer["message"]["id"]
        seen = await self[who].wait_for(
            "dev",
            lambda m: m["id"] == wanted and bool(m["content"]),
            after=str(int(wanted) - 1),
        )
        return str(seen["content"])

    async def wait_for_reply(self, who: str, original: Message) -> Message:
        """Return the bot's reply to a message, as that person sees it."""

        def is_reply(message: Message) -> bool:
            reference = message.get("message_reference") or {}
            return (
                bool(message["author"].get("bot")) and reference.get("message_id") == original["id"]
            )

        return await self[who].wait_for(original["channel_id"], is_reply, after=original["id"])

    async def wait_for_event(self, event: str) -> None:
        """Wait until an action of that event is in the journal."""
        async with asyncio.timeout(15):
            while True:
                if any(action.event == event for action in self.world.journal.actions):
                    return
                await asyncio.sleep(0.01)

    async def list_refused(self) -> list[tuple[str, str]]:
        """Return who was refused what, oldest first."""
        entries = await self.world.store.list_audit_entries(limit=1_000)
        return [(e.person.name, e.action) for e in reversed(entries) if not e.allowed and e.person]


def list_labels(message: Message) -> list[str]:
    """Return the labels of a message's buttons."""
    rows = message.get("components") or []
    return [item.get("label", "") for row in rows for item in row.get("components", ())]


def get_custom_id(message: Message, label: str) -> str:
    """Return the id of the button with that label."""
    for row in message["components"]:
        for item in row["components"]:
            if item.get("label") == label:
                return str(item["custom_id"])
    raise AssertionError(f"no button {label!r}; there are {list_labels(message)}")


@asynccontextmanager
async def open_dev_channel(
    folder: Path,
    *,
    people: AllowList | None = None,
    planner: Planner | None = None,
    with_monitoring: bool = False,
    make_harness: Callable[[Path], AgentHarness] = AgentHarness,
    extensions: Sequence[str] = COGS,
    newcomers: Sequence[LocalPerson] = (),
    per_person: int = 20,
    voice_channels: Sequence[str] = (),
    answers_unaddressed: bool = False,
    outbox: OutboxStore | None = None,
    pace: float = 50.0,
    response_seconds: float = RESPONSE_SECONDS,
    others: Callable[[AgentHarness, AllowList], Mapping[str, KnownTarget]] | None = None,
) -> AsyncIterator[DevChannel]:
    """Open the channel with all people in it, until the block ends. Its time runs fast.

    `noticing` enables incident detection, `newcomers` are additional people, and
    `answers_unaddressed` is the setting of a demo. `pace` is how much faster than real time the
    agent's time runs, `response_seconds` the time for a response to an interaction. `others`
    returns the other bots that are looked after.
    """
    async with AsyncExitStack() as stack:
        here = LocalDiscord(
            (*PEOPLE, *newcomers), token="local", voice_channels=voice_channels,
            response_seconds=response_seconds, page_token=trust_programs(),
        )  # fmt: skip
        local = await stack.enter_async_context(here)
        world = make_harness(folder)
        world.planner = planner
        listed = people or _make_allow_list(local)
        place = (local.guild_id, local.dev_channel_id)
        identity = Identity(*place, AllowLists(listed), answers_unaddressed=answers_unaddressed)
        known = others(world, listed) if others else {}
        world.other_bots = tuple(name for name in known if name not in world.targets.injectors)
        lists = {name: each.people.common for name, each in known.items()}
        world.limits = RunSettings(listed, place[1], lists, per_person=per_person)
        services = Injector()
        client = _create_client(folder, world, identity, extensions, services)
        chat = DiscordChat(client, outbox or FakeOutbox(), world.clock, redact)
        world.use_chat(chat)
        services.add(_create_skills(client, world))
        world.member_directory = DiscordMemberDirectory(client, local.guild_id, world.clock)
        agent = world.create_agent(injector=services)
        monitoring = _create_monitoring(world, agent, chat, identity)
        if with_monitoring:
            services.add(monitoring)
        loops = _create_goals(services, monitoring) + _create_notices(services, world, monitoring)
        services.add(create_intake(client, services, known))
        services.add(_create_personal_data(world, client, agent, monitoring))
        await stack.enter_async_context(run_bot(client, local))
        room = DevChannel(local, world, client, agent)
        for name in local.people:
            room.people[name] = await stack.enter_async_context(Person(local.base_url, name))
        loops += [monitoring.run_forever()] if with_monitoring else []
        forever = [chat.run_forever(), agent.run_forever(), _advance_time(world, pace)]
        async with _run_meanwhile([*forever, *loops]):
            yield room


@asynccontextmanager
async def _run_meanwhile(forever: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run these until the block ends."""
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(each) for each in forever]
        try:
            yield
        finally:
            for task in working:
                task.cancel()


def _create_client(
    folder: Path,
    world: AgentHarness,
    identity: Identity,
    extensions: Sequence[str],
    services: Injector,
) -> TheseusClient:
    return TheseusClient(
        root=ROOT,
        state=folder,
        clock=world.clock,
        recorder=Recorder(world.journal, world.clock, ROOT, b"salt", lambda: None),
        identity=identity,
        flags=world.flags.find,
        extensions=extensions,
        guild_ready_timeout=0.01,
        services=services,
    )


def _make_allow_list(local: LocalDiscord) -> AllowList:
    ids = local.people
    return AllowList(
        developers=PeopleList(
            users=frozenset({ids["dora"]}), roles=local.find_role_ids("developers")
        ),
        approvers=PeopleList(users=frozenset({ids["alice"], ids["bob"]})),
    )


def _create_goals(services: Injector, monitoring: Monitoring) -> list[Coroutine[Any, Any, None]]:
    """Add goals and reviews of incidents to the services, and return the loops of goals."""
    services.build(ReviewRecords)
    services.build(IncidentReviews, monitoring=monitoring)
    commands, config = lambda: ("roll",), GoalsConfig(cron=None)
    parts = assemble_goals(services, config, monitoring, commands=commands, keep_days=90)
    return [each.run_forever() for each in parts]


def _create_notices(
    services: Injector, world: AgentHarness, monitoring: Monitoring
) -> list[Coroutine[Any, Any, None]]:
    """Add what tells people as they have chosen it, and return its loops."""
    services.add(world.ledger, Ledger)
    services.build(QuietState)
    services.build(NoticePreferences)
    loops = assemble_notices(
        services, {OWN_TARGET: monitoring.dev_channel_id}, monitoring.list_incidents,
        dev_channel_id=monitoring.dev_channel_id,
    )  # fmt: skip
    return [each.run_forever() for each in loops]


def _create_skills(client: TheseusClient, world: AgentHarness) -> SkillLibrary:
    return SkillLibrary(lambda: load_skills(client.root), client.recorder, world.journal)


def _create_personal_data(
    world: AgentHarness,
    client: TheseusClient,
    agent: AgentUnderTest,
    monitoring: Monitoring,
) -> PersonalDataService:
    stores = PersonalDataStores(
        world.journal, world.traffic, FakeSnapshots(world.clock), catch_up, world.store,
        world.key_values, world.clock, client.recorder.get_pseudonym, FakeErasable(),
        FakeErasable(), FakeErasable(), ViewedFileService(world.key_values, world.clock),
        FakeErasable(),
    )  # fmt: skip
    kept_for = RetentionPeriods(journal=30, runs=30, audit=90, lines=40)
    return build_personal_data(
        kept_for, stores, agent.memory, agent.wishes, agent.get(GapService), agent.feedback,
        agent.get(Corrections), monitoring, agent.get(ObjectiveService), agent.get(PursuitRecords),
        agent.get(NoticeRecords),
    )  # fmt: skip


def _create_monitoring(
    world: AgentHarness, agent: AgentUnderTest, chat: DiscordChat, identity: Identity
) -> Monitoring:
    return Monitoring(
        MonitoringServices(world.journal, world.key_values, chat, world.clock),
        agent,
        agent.fixes,
        MonitoringRules(
            Thresholds(),
            IncidentsConfig(),
            world.limits.autonomy,
            identity.dev_channel_id,
            identity.guild_id,
        ),
    )


async def _advance_time(world: AgentHarness, pace: float) -> None:
    while True:
        await world.clock.advance(0.01 * pace)
        await asyncio.sleep(0.01)


async def wait_for_message(room: DevChannel, begins: str) -> str:
    """Return a message that the bot posts in the dev channel."""
    told = await room["bob"].wait_for("dev", lambda m: m["content"].startswith(begins))
    return str(told["content"])


async def get_reply_text(room: DevChannel, message: Message) -> str:
    """Return the text of the reply to a message."""
    return str((await room.wait_for_reply("bob", message))["content"])
