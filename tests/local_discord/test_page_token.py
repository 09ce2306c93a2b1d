"""Who may act as a person: our own programs, and the page with its token."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from local_discord._page_token import HEADER, PageToken
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.people import page_token_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {"user": "alice", "channel": "dev", "content": "ship it"}
ROUTES = [
    ("GET", "/local/world"),
    ("GET", "/local/channels/dev/messages"),
    ("GET", "/local/events?user=alice"),
    ("POST", "/local/messages"),
    ("POST", "/local/interactions"),
    ("POST", "/local/reactions"),
    ("DELETE", "/local/faults"),
    ("POST", "/local//messages"),
]


@pytest_asyncio.fixture(loop_scope="module")
async def other() -> AsyncIterator[LocalDiscord]:
    """A server that takes every connection for another account's."""
    strict = PageToken(lambda _peer, _here: False)
    people = [LocalPerson("alice", listed=True)]
    async with LocalDiscord(people, token="local-token", page_token=strict) as server:
        yield server


async def status(url: str, method: str, headers: dict[str, str], path: str) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url + path, json=BODY, headers=headers) as response,
    ):
        return response.status


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "mark", ["Origin", "Referer", "Cookie", "Sec-Fetch-Site", "sec-fetch-mode"]
)
async def test_a_browsers_request_without_the_token_is_refused(
    local: LocalDiscord, method: str, path: str, mark: str
) -> None:
    value = local.base_url if mark in ("Origin", "Referer") else "same-origin"

    assert await status(local.base_url, method, {mark: value}, path) in (403, 404)
    assert await status(local.base_url, method, {mark: value, HEADER: "guess"}, path) in (403, 404)


async def test_a_program_of_the_same_user_needs_no_token(local: LocalDiscord) -> None:
    assert await status(local.base_url, "POST", {}, "/local/messages") == 200


async def test_the_page_has_a_token_and_may_act_with_it(local: LocalDiscord) -> None:
    headers = {
        "Origin": local.base_url,
        "Sec-Fetch-Site": "same-origin",
        HEADER: await page_token_of(local),
    }

    assert await status(local.base_url, "POST", headers, "/local/messages") == 200


async def test_another_account_is_refused_and_its_page_has_no_token(other: LocalDiscord) -> None:
    assert await status(other.base_url, "POST", {}, "/local/messages") == 403
    assert await page_token_of(other) == ""


async def test_an_empty_token_is_no_token(other: LocalDiscord) -> None:
    assert await status(other.base_url, "POST", {HEADER: ""}, "/local/messages") == 403


async def test_every_start_has_a_token_of_its_own() -> None:
    tokens = set()
    for _ in range(2):
        async with LocalDiscord([LocalPerson("alice", listed=True)], token="t") as server:
            tokens.add(await page_token_of(server))

    assert len(tokens) == 2
    assert all(len(token) > 30 for token in tokens)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a program of another account")
async def test_a_program_of_another_account_is_refused(local: LocalDiscord) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is missing: install it"
    program = await asyncio.create_subprocess_exec(
        curl, "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{local.base_url}/local/world",
        stdout=asyncio.subprocess.PIPE, user=65534, cwd="/",
    )  # fmt: skip
    out, _ = await program.communicate()

    assert out == b"403"
