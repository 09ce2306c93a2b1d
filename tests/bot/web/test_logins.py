"""Logins through Discord: a real provider, a real server, and what attackers would try."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from local_discord import LocalDiscord, LocalPerson

from bot.adapters.discord_chat import DiscordLogin
from bot.authority.policy import Act, authorize
from bot.domain.people import AllowList, PeopleList, Person
from bot.web import PersonLogins
from tests.bot.web.web_server import TOKEN, Answer, HttpClient, Room
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.support.discord_consent import give_consent

PAGE = {"Accept": "text/html"}


class Visit:
    """A browser at the dashboard, and the Discord it logs in with."""

    def __init__(
        self, client: HttpClient, discord: LocalDiscord, members: FakeMemberDirectory
    ) -> None:
        self.client = client
        self.discord = discord
        self.members = members

    async def agree(self, name: str) -> str:
        """Begin a login, choose a person at Discord, and return the address it leads back to."""
        begun = await self.client.get("/login/discord?next=/audit")
        assert begun.status == 303
        return await give_consent(self.client.http, begun.headers["Location"], name)

    async def come_back(self, address: str) -> Answer:
        """Follow the way back as a browser does."""
        assert address.startswith(self.client.url)
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        return await self.client.get(address.removeprefix(self.client.url), headers=headers)

    async def log_in(self, name: str) -> Answer:
        """Log in as this person."""
        return await self.come_back(await self.agree(name))


@asynccontextmanager
async def open_visit(room: Room, secret: str = "", **rules: Any) -> AsyncIterator[Visit]:
    """Serve a dashboard on which alice may read, and bob may not."""
    people = [LocalPerson("alice", listed=True), LocalPerson("bob", listed=False)]
    async with LocalDiscord(people, token="t" * 20) as discord:
        alice, bob = (Person(id=discord.people[name], name=name) for name in ("alice", "bob"))
        members = FakeMemberDirectory((alice, bob))
        lists = AllowList(approvers=PeopleList(users=frozenset({alice.id})))

        async def check_reader(person: Person) -> None:
            authorize(lists, person, Act.READ)

        provider = DiscordLogin(
            secret or discord.client_secret, lambda: discord.bot_user_id, discord.api_url
        )
        room.without(logins=PersonLogins(provider, members, check_reader))
        async with room.serving(discord_secret=discord.client_secret, **rules) as client:
            yield Visit(client, discord, members)


@pytest.fixture
def room() -> Room:
    return Room()


async def test_a_person_logs_in_and_is_known_by_name(room: Room) -> None:
    async with open_visit(room, token=TOKEN) as visit:
        answer = await visit.log_in("alice")
        assert answer.status == 200
        assert "Hello alice" in answer.text
        assert 'content="0;url=/audit"' in answer.text
        page = await visit.client.get("/audit", headers=PAGE)
        assert page.status == 200
        assert "alice" in page.text


async def test_a_person_acts_in_their_own_name(room: Room) -> None:
    async with open_visit(room) as visit:
        await visit.log_in("alice")
        client = visit.client
        form = {"form": await client.form(), "sure": "yes", "why": "enough"}
        assert (await client.post("/stop", data=form, headers=client.own)).status == 303
        stop = await room.emergency.get_stop()
        assert stop is not None
        assert stop.by is not None
        assert stop.by.name == "alice"


@pytest.mark.parametrize("change", ["unlisted", "left"])
async def test_who_may_not_read_gets_nothing(room: Room, change: str) -> None:
    async with open_visit(room, token=TOKEN) as visit:
        if change == "left":
            visit.members.members.clear()
        answer = await visit.log_in("bob")
        assert answer.status == 403
        assert f"theseus-{visit.client.server.port}=" not in str(
            answer.headers.getall("Set-Cookie", [])
        )
        assert (await visit.client.get("/audit")).status == 401


async def test_a_person_who_leaves_the_server_loses_access_within_a_minute(room: Room) -> None:
    async with open_visit(room, token=TOKEN) as visit:
        await visit.log_in("alice")
        assert (await visit.client.get("/audit")).status == 200
        visit.members.members.clear()
        await room.clock.advance(61)
        assert (await visit.client.get("/audit")).status == 403


async def test_an_act_asks_for_the_roles_of_that_moment(room: Room) -> None:
    async with open_visit(room) as visit:
        await visit.log_in("alice")
        client = visit.client
        form = {"form": await client.form(), "sure": "yes"}
        visit.members.members.clear()
        assert (await client.post("/stop", data=form, headers=client.own)).status == 403
        assert await room.emergency.get_stop() is None


async def test_a_login_that_another_browser_began_is_refused(room: Room) -> None:
    """An attacker who sends their own way back would make others act in their session."""
    async with open_visit(room, token=TOKEN) as visit:
        address = await visit.agree("alice")
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            aiohttp.ClientSession(cookie_jar=jar) as victim,
            victim.get(address, allow_redirects=False) as answer,
        ):
            assert answer.status == 403
            assert len(jar) == 0


@pytest.mark.parametrize("wrong", ["again", "old", "state", "code"])
async def test_a_way_back_counts_once_and_soon(room: Room, wrong: str) -> None:
    async with open_visit(room, token=TOKEN) as visit:
        address = await visit.agree("alice")
        if wrong == "again":
            assert (await visit.come_back(address)).status == 200
        if wrong == "old":
            await room.clock.advance(601)
        if wrong == "state":
            address = address.replace("state=", "state=x")
        if wrong == "code":
            address = address.replace("code=", "code=x")
        assert (await visit.come_back(address)).status == 403


async def test_the_wrong_client_secret_is_explained(room: Room) -> None:
    async with open_visit(room, "another secret, which is wrong", token=TOKEN) as visit:
        answer = await visit.log_in("alice")
        assert answer.status == 403
        assert "THESEUS_DISCORD_CLIENT_SECRET" in answer.text


async def test_discord_leads_back_to_the_address_of_the_proxy(room: Room) -> None:
    async with open_visit(room, url="https://bot.example.org/") as visit:
        begun = await visit.client.get("/login/discord")
        asked = parse_qs(urlsplit(begun.headers["Location"]).query)
        assert asked["redirect_uri"] == ["https://bot.example.org/login/discord/return"]
        assert asked["scope"] == ["identify"]


async def test_sessions_are_listed_and_revoked(room: Room) -> None:
    async with open_visit(room, token=TOKEN) as visit:
        await visit.log_in("alice")
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            operator = HttpClient(visit.client.server, http)
            await operator.log_in()
            mine = await visit.client.get("/sessions")
            assert "the operator" not in mine.text, "a person sees only their own"
            everyone = await operator.get("/sessions")
            assert "alice" in everyone.text
            form = {"form": await operator.form(), "number": "all"}
            await operator.post("/sessions", data=form, headers=operator.own)
            assert (await operator.get("/sessions")).status == 200
        assert (await visit.client.get("/sessions")).status == 401


async def test_a_person_cannot_end_the_operators_session(room: Room) -> None:
    async with open_visit(room, token=TOKEN) as visit:
        await visit.log_in("alice")
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            operator = HttpClient(visit.client.server, http)
            await operator.log_in()
            page = (await operator.get("/sessions")).text
            numbers = {each.split('"', 1)[0] for each in page.split('name="number" value="')[1:]}
            form = await visit.client.form()
            for number in numbers:
                sent = {"form": form, "number": number}
                await visit.client.post("/sessions", data=sent, headers=visit.client.own)
            assert (await operator.get("/sessions")).status == 200
