"""The demo's page that breaks the core: what it pushes, and who may not use it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from local_discord import LocalDiscord, LocalPerson

from bot.app.demo import find_project_root
from bot.demo.core_break import BREAK, CoreBreak
from bot.demo.core_page import PATH, CorePage
from bot.demo.workspace import DemoWorkspace
from tests.fakes.repositories import make_repository, run_git


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[tuple[str, DemoWorkspace]]:
    """Serve the page for a forge that has the file of this repository; yield its address."""
    home = tmp_path / "home"
    home.mkdir()
    source = (find_project_root() / BREAK.file).read_text()
    make_repository(tmp_path / "source", {BREAK.file: source})
    run_git(tmp_path, "clone", "--quiet", "--bare", "source", str(home / "forge.git"))
    workspace = DemoWorkspace.from_home(home)
    core_page = CorePage(CoreBreak(workspace))
    people = (LocalPerson("alice", listed=True),)
    async with LocalDiscord(
        people, token="t" * 20, extra_routes=core_page.list_routes()
    ) as discord:
        core_page.discord = discord
        yield discord.base_url + PATH, workspace


async def test_the_broken_commit_is_pushed_once_and_reverted(
    page: tuple[str, DemoWorkspace],
) -> None:
    url, workspace = page
    async with aiohttp.ClientSession() as http:
        for act, message in (("deploy", BREAK.message), ("revert", "Revert")):
            shown = await http.get(url)
            text = await shown.text()
            (token,) = re.findall(r'name="page_token" value="([^"]+)"', text)
            assert f'value="{act}"' in text
            # With `no-referrer` a browser sends `Origin: null` with the form, which is refused.
            assert shown.headers["Referrer-Policy"] == "same-origin"
            sent = {"page_token": token, "act": act}
            assert (await http.post(url, data=sent)).status == 200
            assert run_git(workspace.forge, "log", "-1", "--format=%s", "main").startswith(message)
            assert (await http.post(url, data=sent)).status == 409
    assert run_git(workspace.forge, "diff", "--stat", "main", "main~2") == ""


async def test_nobody_breaks_it_without_the_form_of_the_page(
    page: tuple[str, DemoWorkspace],
) -> None:
    url, workspace = page
    before = run_git(workspace.forge, "rev-parse", "main")
    async with aiohttp.ClientSession() as http:
        (token,) = re.findall(
            r'name="page_token" value="([^"]+)"', await (await http.get(url)).text()
        )
        for sent, headers in (
            ({"act": "deploy"}, {}),
            ({"act": "deploy", "page_token": "guess"}, {}),
            ({"act": "deploy", "page_token": token}, {"Origin": "https://evil.example"}),
        ):
            assert (await http.post(url, data=sent, headers=headers)).status == 403
        assert (await http.post(url, data={"act": "rm", "page_token": token})).status == 400
    assert run_git(workspace.forge, "rev-parse", "main") == before
