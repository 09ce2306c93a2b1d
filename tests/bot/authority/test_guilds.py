"""What belongs to a server with people of its own is decided there, and by these people only."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app.guilds import build_role_choice
from bot.authority.policy import FOR_EVERY_SERVER, Act
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.target_budgets import GuildBudgets, LayeredSpendGuard
from bot.domain.account import Account, Charge, build_chat_account
from bot.domain.budget import BudgetRules, Cap
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent, ChatUnavailable, ConfigError, NotAuthorized
from bot.domain.guilds import GuildSettings, RunChannels
from bot.domain.people import AllowList, PeopleList, Person, Place
from bot.domain.roles import Role
from bot.domain.run import Run, Status, Trigger
from bot.self_improvement.runs.transitions import create_run
from bot.settings import load, parse_config
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_ledger import FakeLedger
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import ALICE, GUILD, PEOPLE, AgentHarness
from tests.support.agent_under_test import AgentUnderTest

A, B = 700, 800
CHANNEL = {A: 71, B: 81}
CREW = {A: 79, B: 89}  # the role of each server's approvers
ANNA = Person(id=21, name="anna", role_ids=frozenset({CREW[A]}))
BERT = Person(id=22, name="bert", role_ids=frozenset({CREW[B]}))
DAVE = Person(id=23, name="dave")  # asks in B
HOWS = ("text", "reaction", "button", "slash", "page")
LISTS = {
    key: AllowList(
        developers=PeopleList(users=frozenset({DAVE.id})) if key == B else PeopleList(),
        approvers=PeopleList(roles=frozenset({role})),
    )
    for key, role in CREW.items()
}
GUILDS = {key: GuildSettings(channel_id=CHANNEL[key], people=LISTS[key]) for key in (A, B)}
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def put(person: Person, guild_id: int | None) -> Person:
    """Return the person as they write in a server; `None`: in a direct message."""
    return person.replace(at=Place(channel_id=CHANNEL.get(guild_id or 0, 5), guild_id=guild_id))


class TwoServers(AgentHarness):
    """The agent with its own server and two that have people of their own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.limits = replace(self.limits, guilds=GUILDS)
        self.members = FakeMemberDirectory((ALICE, ANNA.replace(role_ids=frozenset())))
        self.members.guilds = {A: {ANNA.id: ANNA}, B: {BERT.id: BERT, DAVE.id: DAVE}}
        self.member_directory = self.members

    def make_trigger_in(self, guild_id: int, person: Person) -> Trigger:
        """Return a person's request, posted in the server's channel."""
        message = self.chat.add_message(CHANNEL[guild_id])
        place = Place(
            channel_id=CHANNEL[guild_id], message_id=message.message_id, guild_id=guild_id
        )
        return self.make_trigger(person=put(person, guild_id)).replace(place=place)

    async def propose_in(self, agent: AgentUnderTest, guild_id: int, person: Person) -> Run:
        """Ask for a fix in a server and return the run with its proposal."""
        asked = await agent.request(self.make_trigger_in(guild_id, person))
        return await self.wait_until_settled(asked.id)


async def test_no_one_of_another_server_ships_a_run_by_any_way(tmp_path: Path) -> None:
    world = TwoServers(tmp_path)
    world.members.guilds[A][BERT.id] = BERT  # a member there too
    async with world.run_agent() as agent:
        run = await world.propose_in(agent, B, DAVE)
        attackers = [
            *(put(ANNA, place) for place in (A, B, GUILD, None)),
            *(put(ALICE, place) for place in (A, B, GUILD, None)),
            *(put(BERT, place) for place in (A, GUILD)),  # not where the run is
            ANNA,  # on the dashboard
            ALICE,
            put(BERT.replace(bot=True), B),
            put(DAVE, B),  # may ask, not ship
            put(ANNA.replace(role_ids=frozenset({CREW[B]})), B),  # a role that she does not have
        ]
        for how in HOWS:
            for person in attackers:
                for named in ({}, {"thread_id": None, "run_id": f" #{run.id.upper()}"}):
                    with pytest.raises(NotAuthorized):
                        await agent.approve(world.build_approval(run, person, how=how, **named))
        assert world.forge.merges == []
        await agent.approve(world.build_approval(run, put(BERT, B)))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_their_own_people_may_ship_by_direct_message_as_long_as_they_are_members(
    tmp_path: Path,
) -> None:
    world = TwoServers(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_in(agent, B, DAVE)
        unseen = put(BERT.replace(role_ids=frozenset(), outsider=True), None)  # as seen at home
        world.members.down = True
        with pytest.raises(ChatUnavailable):
            await agent.approve(world.build_approval(run, unseen))
        world.members.down = False
        left = world.members.guilds[B].pop(BERT.id)
        with pytest.raises(NotAuthorized):
            await agent.approve(world.build_approval(run, unseen))
        world.members.guilds[B][BERT.id] = left
        await agent.approve(world.build_approval(run, unseen))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_an_approval_does_not_count_after_its_person_has_left_that_server(
    tmp_path: Path,
) -> None:
    world = TwoServers(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_in(agent, B, DAVE)
        policy = agent.approvals.approval_policy
        now = await policy.present(put(BERT, B), Act.SHIP, policy.get_scope(run))
        del world.members.guilds[B][BERT.id]
        world.members.members[BERT.id] = BERT  # a member at home does not help
        with pytest.raises(NotAuthorized):
            await policy.present(now, Act.SHIP, policy.get_scope(run))


@pytest.mark.parametrize("place", [A, GUILD, None])
async def test_no_other_act_on_a_run_counts_from_elsewhere(
    tmp_path: Path, place: int | None
) -> None:
    world = TwoServers(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_in(agent, B, DAVE)
        for act in Act:
            for person in (put(ANNA, place), put(ALICE, place)):
                with pytest.raises(NotAuthorized):
                    await agent.permit(person, act, run_id=run.id)
        with pytest.raises(NotAuthorized):
            await agent.cancel(run.id, put(ANNA, place))
        policy = agent.approvals.approval_policy
        assert not policy.can_read(put(ANNA, place), run)
        assert policy.can_read(put(DAVE, B), run)
        await agent.permit(put(DAVE, B), Act.CANCEL, run_id=run.id)


async def test_people_of_one_server_ask_there_and_steer_nothing_that_all_servers_share(
    tmp_path: Path,
) -> None:
    world = TwoServers(tmp_path)
    async with world.run_agent() as agent:
        await agent.permit(put(BERT, B), Act.ASK)
        for act in FOR_EVERY_SERVER:
            with pytest.raises(NotAuthorized):
                await agent.permit(put(BERT, B), act)
        for person, place in ((ANNA, B), (DAVE, A), (ALICE, A), (BERT, GUILD), (BERT, None)):
            with pytest.raises(NotAuthorized):
                await agent.permit(put(person, place), Act.ASK)
        await agent.permit(put(ALICE, GUILD), Act.STEER)
        policy = agent.approvals.approval_policy
        assert policy.list_readable(put(BERT, B)) == frozenset()
        with pytest.raises(NotAuthorized):  # and does not learn that there is no such run
            await agent.permit(put(DAVE, A), Act.CANCEL, run_id="zzzzzz")


async def test_a_bot_with_people_of_its_own_needs_both_lists(tmp_path: Path) -> None:
    world = TwoServers(tmp_path)
    world.limits = replace(world.limits, target_people={"welcome": PEOPLE, "music": None})
    async with world.run_agent() as agent:
        policy = agent.approvals.approval_policy
        assert policy.get_people("welcome").select(B) == (LISTS[B], PEOPLE)
        for target, may in (("welcome", False), ("music", True)):
            scope = policy.choose_scope(put(BERT, B), Act.ASK, target)
            assert policy.is_allowed(put(BERT, B), Act.ASK, scope) == may


async def test_news_about_a_run_go_to_the_channel_of_its_server(tmp_path: Path) -> None:
    world = TwoServers(tmp_path)
    channels = RunChannels(5, {**GUILDS, 900: GuildSettings()})
    places = {GUILD: 5, A: CHANNEL[A], B: CHANNEL[B], 900: 5, None: 5}
    for guild_id, expected in places.items():
        assert channels.choose(Place(channel_id=1, guild_id=guild_id)) == expected
    async with world.run_agent() as agent:
        trigger = world.make_trigger_in(B, DAVE)
        world.chat.threadless.add(4711)
        run = await agent.request(
            trigger.replace(place=trigger.place.replace(channel_id=4711, message_id=None))
        )
        run = await world.wait_until_settled(run.id)
    (root,) = [ref for ref, thread in world.chat.thread_of.items() if thread == run.thread_id]
    assert root.channel_id == CHANNEL[B]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("guilds: {700: {people: {}}}", "channel_id, a channel of this server"),
        ("guilds: {here: {channel_id: 1}}", "guilds.here"),
        ("guilds: {-1: {channel_id: 1}}", "greater than 0"),
        ("guilds: {700: {peple: {}}}", "did you mean people?"),
        ("guilds: {700: {budget: {day: {usd: -1}}}}", "guilds.700.budget.day.usd"),
        (
            "discord: {guild_id: 700, dev_channel_id: 1}\n"
            "guilds: {700: {channel_id: 2, people: {}}}",
            "this is the server of discord.guild_id; remove the entry",
        ),
        (
            "discord: {guild_id: 1, dev_channel_id: 1}\nguilds: {700: {channel_id: 2}}",
            "guilds.700: people is missing",
        ),
        (
            "discord: {dev_channel_id: 1}\nguilds: {700: {channel_id: 1}}",
            "guilds.700.channel_id is that of discord.dev_channel_id",
        ),
        (
            "guilds: {700: {channel_id: 1}, 800: {channel_id: 1}}",
            "guilds.800.channel_id is that of guilds.700.channel_id",
        ),
    ],
)
def test_a_wrong_entry_is_refused_with_its_key_and_the_way_out(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_config("checks: {quick: [{name: lint, command: ['true']}]}\n" + text, "c.yaml")
    assert problem in str(raised.value)


async def make_account(store: FakeStore, guild_id: int | None) -> Account:
    trigger = Trigger(
        key=f"{guild_id}", goal="fix", person=ALICE, text="", at=NOW,
        place=Place(channel_id=1, guild_id=guild_id),
    )  # fmt: skip
    run = await store.create(create_run(trigger, f"run{guild_id}", NOW))
    return Account(purpose="execute", person_id=ALICE.id, run_id=run.id)


async def test_each_server_spends_its_own_budget_and_all_spend_that_of_everything() -> None:
    clock, store, whole, ledgers = FakeClock(), FakeStore(), FakeLedger(), {}
    enforcers = {}
    for key in (A, B):
        ledgers[key] = FakeLedger()
        rules = BudgetRules(day=Cap(usd=1), reserve_usd=0)
        enforcers[key] = BudgetEnforcer(ledgers[key], clock, rules)
    rules = BudgetRules(day=Cap(usd=10), reserve_usd=0)
    guard = LayeredSpendGuard(
        BudgetEnforcer(whole, clock, rules), {}, store, GuildBudgets(enforcers)
    )

    async def spend(account: Account, usd: float, request: str) -> None:
        await guard.admit(account, Cost(cost_usd=usd), request)
        charge = Charge(
            id=request, at=NOW, account=account, model="m", status=200, outcome="ok", cost_usd=usd
        )
        await guard.settle(charge)

    in_a, in_b, at_home = [await make_account(store, key) for key in (A, B, None)]
    await spend(in_a, 0.9, "r1")
    with pytest.raises(BudgetSpent):
        await spend(in_a, 0.2, "r2")
    with pytest.raises(BudgetSpent):  # a chat in that server is paid from the same budget
        await spend(build_chat_account(put(ANNA, A)), 0.2, "r3")
    await spend(in_b, 0.5, "r4")
    await spend(at_home, 5.0, "r5")
    sums = [(await each.sum_costs()).cost_usd for each in (ledgers[A], ledgers[B], whole)]
    assert sums == pytest.approx([0.9, 0.5, 6.4])


async def test_a_server_may_name_the_models_of_its_runs(tmp_path: Path) -> None:
    config = tmp_path / "data" / "config.yaml"
    config.parent.mkdir()
    config.write_text(
        "checks: {quick: [{name: lint, command: ['true']}]}\n"
        f"guilds: {{{A}: {{channel_id: 2, models: {{executor: haiku}}}}}}\n"
    )
    store = FakeStore()
    choose = build_role_choice(load(tmp_path, {}), store)
    role = Role(model="sonnet", turns=7)
    there, elsewhere = await make_account(store, A), await make_account(store, B)
    assert await choose(there, role) == role.replace(model="haiku")
    assert await choose(there.replace(purpose="plan"), role) == role
    assert await choose(elsewhere, role) == role
    assert await choose(there.replace(run_id="gone12"), role) == role
