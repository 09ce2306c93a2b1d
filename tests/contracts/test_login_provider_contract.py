"""What `LoginProvider` promises, held by Discord's over a local Discord."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from local_discord import LocalDiscord, LocalPerson

from bot.adapters.discord_chat import DiscordLogin
from bot.domain.errors import ChatRejected, ChatUnavailable
from bot.ports.login_provider import LoginProvider

CALLBACK = "http://127.0.0.1:9/login/discord/return"


@pytest.fixture
async def discord() -> AsyncIterator[LocalDiscord]:
    people = (LocalPerson("alice", listed=True), LocalPerson("bob", listed=False))
    async with LocalDiscord(people, token="t" * 20) as local:
        yield local


@pytest.fixture
def provider(discord: LocalDiscord) -> LoginProvider:
    return DiscordLogin(discord.client_secret, lambda: discord.bot_user_id, discord.api_url)


async def agree(discord: LocalDiscord, provider: LoginProvider, name: str) -> dict[str, list[str]]:
    """Choose a person on the page of consent; return what the way back says."""
    address = provider.build_authorize_url("the state", CALLBACK)
    async with aiohttp.ClientSession() as http:
        async with http.get(address) as page:
            text = await page.text()
        fields = {
            each.split('"', 1)[0]: each.split('value="', 1)[1].split('"', 1)[0]
            for each in text.split('type="hidden" name="')[1:]
        }
        sent = fields | {"person": name}
        url = f"{discord.base_url}/oauth2/authorize"
        async with http.post(url, data=sent, allow_redirects=False) as answer:
            back = answer.headers["Location"]
    assert back.startswith(CALLBACK)
    return parse_qs(urlsplit(back).query)


async def test_the_person_who_agreed_is_named_once(
    discord: LocalDiscord, provider: LoginProvider
) -> None:
    back = await agree(discord, provider, "bob")
    assert back["state"] == ["the state"]
    (code,) = back["code"]
    assert await provider.fetch_person_id(code, CALLBACK) == discord.people["bob"]
    with pytest.raises(ChatRejected):
        await provider.fetch_person_id(code, CALLBACK)


@pytest.mark.parametrize("callback", [CALLBACK + "/x", "http://127.0.0.1:10/login/discord/return"])
async def test_a_code_counts_for_its_own_way_back_only(
    discord: LocalDiscord, provider: LoginProvider, callback: str
) -> None:
    (code,) = (await agree(discord, provider, "bob"))["code"]
    with pytest.raises(ChatRejected):
        await provider.fetch_person_id(code, callback)


async def test_a_service_out_of_reach_and_an_unknown_application_are_told_apart() -> None:
    nowhere = DiscordLogin("secret", lambda: 1, "http://127.0.0.1:9/api/v10")
    with pytest.raises(ChatUnavailable):
        await nowhere.fetch_person_id("code", CALLBACK)
    with pytest.raises(ChatUnavailable):
        DiscordLogin("secret", lambda: None).build_authorize_url("state", CALLBACK)
