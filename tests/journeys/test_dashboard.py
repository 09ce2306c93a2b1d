"""A browser before a real bot: what it shows, what it takes on from the forge, how it stops."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page

from bot.demo.workspace import DemoWorkspace
from bot.infra.free_port import find_free_port
from tests.bot.web.test_webhook import push
from tests.bot.web.web_server import SECRET, TOKEN, signature
from tests.fakes.repositories import commit, run_git
from tests.fakes.small_bot_repository import FILE, FLIP, SPIN
from tests.support.browser import PHONE, launch_chromium, visit
from tests.support.casts import Cast, MakeCast, open_scripted_cast
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

FOR_EVER = [{"run": ["sleep", "500"], "edits": [FLIP.edit], "summary": "mend flip"}]


def serving(port: int) -> MakeCast:
    """Return the scripted cast, its bot serving HTTP there."""

    @asynccontextmanager
    async def cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
        async with open_scripted_cast(workspace, folder) as plain:
            variables = {
                "THESEUS_HTTP_PORT": str(port),
                "THESEUS_HTTP_TOKEN": TOKEN,
                "THESEUS_WEBHOOK_SECRET": SECRET,
            }
            yield replace(plain, variables=variables)

    return cast


async def asked(url: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.get(url) as got:
        return got.status, await got.json()


async def delivered(url: str, commit_id: str) -> tuple[int, str]:
    """Deliver a push as GitHub does; return the status and what is answered."""
    body = json.dumps(push(datetime.now(UTC), after=commit_id)).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": signature(body),
    }
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{url}/webhook/github", data=body) as got,
    ):
        return got.status, await got.text()


async def merge_by_hand(world: SmallBotHarness) -> str:
    """Mend the command at the forge, as somebody would who merges there; return the commit."""
    clone = world.workspace.home.parent / "by-hand"
    run_git(world.workspace.home, "clone", "-q", str(world.cast.bare), str(clone))
    _, wrong, right = SPIN.edit
    text = (clone / FILE).read_text(encoding="utf-8").replace(wrong, right)
    merged = commit(clone, {FILE: text}, "Mend spin by hand")
    run_git(clone, "push", "-q", "origin", "main")
    return merged


async def logged_in(page: Page) -> None:
    await page.fill("#token", TOKEN)
    await page.click("main button")
    await page.wait_for_selector("h1:text-is('Overview')")


async def test_a_merge_by_hand_comes_live_and_the_page_stops_everything(tmp_path: Path) -> None:
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    async with open_small_bot(tmp_path, serving(port)) as world, launch_chromium() as browser:
        async with asyncio.timeout(10):
            while (await asked(f"{url}/health/ready"))[0] != 200:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.05)
        await world.break_command(SPIN)
        merged = await merge_by_hand(world)
        status, told = await delivered(url, merged)
        assert status == 202, told
        await world.alice.wait_for_text("dev", f"live at `{merged[:7]}`")
        await world.check_command(SPIN)
        assert [each["person"] for each in world.list_audit_entries("webhook")] == [None]
        async with visit(browser, f"{url}/login", PHONE, touch=True) as opened:
            await logged_in(opened.page)
            world.write_script({"flip": FOR_EVER})
            await world.break_command(FLIP)
            await world.alice.ask(FLIP.report)
            await see_it_come(opened.page, world.list_runs()[-1]["id"])
            await stop_everything(opened.page, "<b>enough</b> for today")
        await world.wait_until(lambda: world.list_runs()[-1]["status"] == "cancelled", 5)
        await world.wait_until_clean()
        status, told = await asked(f"{url}/health/ready")
        assert (status, told["reasons"]) == (503, ["the emergency stop is active"])
        assert (await delivered(url, "f" * 40))[0] == 503


async def see_it_come(page: Page, run: str) -> None:
    """Wait until a run shows by itself, and look at it."""
    await page.click(f"a[href='/runs/{run}']")
    await page.wait_for_selector("h2:text-is('Plan')")


async def stop_everything(page: Page, why: str) -> None:
    await page.click("text=Stop everything")
    await page.fill("#why", why)
    await page.check("[name=sure]")
    await page.click("main button")
    assert why in await page.inner_text("[role=alert]")
