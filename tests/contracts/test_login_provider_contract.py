"""What `LoginProvider` promises, held by Discord's over a local Discord and by a fake."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from local_discord import LocalDiscord, LocalPerson

from bot.adapters.discord_chat import DiscordLogin
from bot.domain.errors import ChatRejected, ChatUnavailable
from bot.ports.login_provider import LoginProvider
from tests.fakes.fake_login_provider import FakeLoginProvider
from tests.support.discord_consent import give_consent

CALLBACK = "http://127.0.0.1:9/login/discord/return"


PEOPLE = {"alice": 11, "bob": 12}
Agree = Callable[[str], Awaitable[str]]


class Login:
    """A provider, the ids of two people, and how one of them agrees: the result is a code."""

    def __init__(self, provider: LoginProvider, ids: Mapping[str, int], agree: Agree) -> None:
        self.provider = provider
        self.ids = ids
        self.agree = agree


@asynccontextmanager
async def open_discord() -> AsyncIterator[Login]:
    people = [LocalPerson(name, listed=False) for name in PEOPLE]
    async with (
        LocalDiscord(people, token="t" * 20) as discord,
        aiohttp.ClientSession() as http,
    ):
        provider = DiscordLogin(discord.client_secret, lambda: discord.bot_user_id, discord.api_url)

        async def agree(name: str) -> str:
            address = provider.build_authorize_url("the state", CALLBACK)
            back = await give_consent(http, address, name)
            assert back.startswith(CALLBACK)
            asked = parse_qs(urlsplit(back).query)
            assert asked["state"] == ["the state"]
            return asked["code"][0]

        yield Login(provider, discord.people, agree)


@asynccontextmanager
async def open_fake() -> AsyncIterator[Login]:
    provider = FakeLoginProvider()
    assert "state=the+state" in provider.build_authorize_url("the state", CALLBACK)

    async def agree(name: str) -> str:
        return provider.create_code(PEOPLE[name], CALLBACK)

    yield Login(provider, PEOPLE, agree)


@pytest.fixture(params=[open_fake, open_discord])
async def login(request: pytest.FixtureRequest) -> AsyncIterator[Login]:
    async with request.param() as opened:
        yield opened


async def test_the_person_who_agreed_is_named_once(login: Login) -> None:
    code = await login.agree("bob")
    assert await login.provider.fetch_person_id(code, CALLBACK) == login.ids["bob"]
    with pytest.raises(ChatRejected):
        await login.provider.fetch_person_id(code, CALLBACK)


@pytest.mark.parametrize("callback", [CALLBACK + "/x", "http://127.0.0.1:10/login/discord/return"])
async def test_a_code_counts_for_its_own_way_back_only(login: Login, callback: str) -> None:
    code = await login.agree("bob")
    with pytest.raises(ChatRejected):
        await login.provider.fetch_person_id(code, callback)


async def test_a_code_that_nobody_gave_names_nobody(login: Login) -> None:
    with pytest.raises(ChatRejected):
        await login.provider.fetch_person_id("code", CALLBACK)


async def test_a_service_out_of_reach_and_an_unknown_application_are_told_apart() -> None:
    nowhere = DiscordLogin("secret", lambda: 1, "http://127.0.0.1:9/api/v10")
    with pytest.raises(ChatUnavailable):
        await nowhere.fetch_person_id("code", CALLBACK)
    with pytest.raises(ChatUnavailable):
        DiscordLogin("secret", lambda: None).build_authorize_url("state", CALLBACK)
