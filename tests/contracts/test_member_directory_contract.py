"""What every member directory promises, on the fake and on a local Discord over real sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import discord
import pytest
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import run_bot

from bot.adapters.discord_chat import DiscordMemberDirectory
from bot.domain.errors import ChatUnavailable
from bot.domain.people import PeopleList, Person
from bot.ports.member_directory import MemberDirectory
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.support.chat_clients import SkippingClock

ROLE = "shipper"
NOBODY = 4242  # no member has this id

Change = Callable[[], Awaitable[None]]


@dataclass
class Rig:
    """A member directory with ada, who has one role; and what happens to her."""

    member_directory: MemberDirectory
    ada: int
    role: int
    lose_the_role: Change
    leave: Change
    go_down: Change


@pytest.fixture(params=["fake", "discord"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    if request.param == "fake":
        yield _fake()
        return
    people = [LocalPerson("ada", listed=True, roles=(ROLE,))]
    async with (
        LocalDiscord(people, token="local-token") as local,
        run_bot(_knows_members(), local) as client,
    ):
        yield _real(local, client)


def _knows_members() -> discord.Client:
    intents = discord.Intents(guilds=True, members=True)
    return discord.Client(intents=intents, guild_ready_timeout=0.01)


def _fake() -> Rig:
    fake = FakeMemberDirectory([Person(id=1, name="ada", role_ids=frozenset({7}))])

    async def lose() -> None:
        fake.members[1] = Person(id=1, name="ada")

    async def leave() -> None:
        del fake.members[1]

    async def down() -> None:
        fake.down = True

    return Rig(fake, 1, 7, lose, leave, down)


def _real(local: LocalDiscord, client: discord.Client) -> Rig:
    guild = client.get_guild(local.guild_id)
    assert guild is not None
    role = next(each for each in guild.roles if each.name == ROLE)
    ada = local.people["ada"]

    async def lose() -> None:
        await client.http.remove_role(local.guild_id, ada, role.id)

    async def leave() -> None:
        local.leave("ada")

    member_directory = DiscordMemberDirectory(client, local.guild_id, SkippingClock())
    return Rig(member_directory, ada, role.id, lose, leave, client.close)


async def test_a_member_comes_with_their_roles(rig: Rig) -> None:
    ada = await rig.member_directory.fetch_person(rig.ada)
    assert ada is not None
    assert (ada.id, ada.name, ada.bot, ada.outsider) == (rig.ada, "ada", False, False)
    assert rig.role in ada.role_ids


async def test_a_role_that_was_taken_is_gone_at_once(rig: Rig) -> None:
    assert await rig.member_directory.fetch_person(rig.ada)
    await rig.lose_the_role()
    ada = await rig.member_directory.fetch_person(rig.ada)
    assert ada is not None
    assert rig.role not in ada.role_ids


async def test_who_has_left_and_who_never_was_there_is_nobody(rig: Rig) -> None:
    assert await rig.member_directory.fetch_person(NOBODY) is None
    await rig.leave()
    assert await rig.member_directory.fetch_person(rig.ada) is None


async def test_where_the_server_cannot_be_asked_nobody_is_vouched_for(rig: Rig) -> None:
    await rig.go_down()
    with pytest.raises(ChatUnavailable):
        await rig.member_directory.fetch_person(rig.ada)


async def test_members_on_a_list_are_named_by_themselves_or_through_a_role(rig: Rig) -> None:
    names = rig.member_directory.list_names
    assert names(PeopleList(users=frozenset({rig.ada, NOBODY}))) == ("ada",)
    assert names(PeopleList(roles=frozenset({rig.role}))) == ("ada",)
    assert names(PeopleList(users=frozenset({NOBODY}))) == ()
