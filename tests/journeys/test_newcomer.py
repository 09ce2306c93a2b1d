"""A newcomer, in a browser: breaks a command, asks for a fix, reads it, ships it, and it works."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.demo.faults import choose
from tests.local_discord.page_parts import box, row, say
from tests.support.browser import PHONE, launch_chromium, visit
from tests.support.demo_playground import open_playground

pytestmark = pytest.mark.slow

FIRST_LOOK, PROPOSED, LIVE = 60_000, 300_000, 120_000  # ms, of a machine busy with other tests


async def test_a_newcomer_breaks_a_command_and_has_it_mended_without_a_restart(
    tmp_path: Path,
) -> None:
    fault = choose("dice-top-face", None)
    async with (
        open_playground(tmp_path, fault) as play,
        launch_chromium() as browser,
        visit(browser, play.demo.discord.base_url) as visited,
    ):
        page, pid = visited.page, play.demo.bot.pid
        await expect(page.get_by_text("Something in this bot is broken")).to_be_visible()
        await _break(page)
        await say(page, "rolling dice keeps crashing, fix it")
        asked = row(page, "rolling dice keeps crashing, fix it").first
        await expect(asked.get_by_role("button", name="👀")).to_be_visible()
        await asked.locator(".thread-card").click(timeout=FIRST_LOOK)
        thread = page.get_by_role("complementary", name="Thread")
        card = thread.get_by_role("article", name="Fixing:")
        await expect(card).to_contain_text(
            re.compile(r"IndexErrors? from /roll"), timeout=FIRST_LOOK
        )
        await page.screenshot(path=str(tmp_path / "filling.png"))
        proposal = thread.get_by_role("article", name="Proposal #1")
        await expect(proposal).to_be_visible(timeout=PROPOSED)
        await expect(proposal).to_contain_text("cogs/dice.py")
        await expect(proposal).to_contain_text("passes with it")
        await thread.get_by_role("button", name="Expand").first.click()
        await expect(thread.locator(".diff-part").first).to_contain_text("cogs/dice.py")
        await page.screenshot(path=str(tmp_path / "proposed.png"))
        await thread.get_by_role("textbox").fill("ship it")
        await thread.get_by_role("textbox").press("Enter")
        await expect(thread.get_by_text(re.compile("live at", re.I)).first).to_be_visible(
            timeout=LIVE
        )
        await _works(page)
        await page.screenshot(path=str(tmp_path / "live.png"))
        assert play.demo.bot.pid == pid
        assert play.demo.bot.starts == 1
        await play.alice.check_wording()
        await _fits_a_phone(page)


async def _break(page: Page) -> None:
    """Roll until it fails, as one does."""
    failed = row(page, "failed with IndexError")
    for rolls in range(1, 40):
        await _roll(page)
        await expect(page.locator("li.message").filter(has_text="used /roll")).to_have_count(rolls)
        if await failed.count():
            break
    await expect(failed.first).to_contain_text("Error id")


async def _roll(page: Page) -> None:
    await box(page).press_sequentially("/roll 2d6")
    await page.keyboard.press("Enter")


async def _works(page: Page) -> None:
    before = await row(page, "failed with").count()
    rolled = page.locator("li.message").filter(has_text="used /roll")
    start = await rolled.count()
    for rolls in range(1, 13):
        await _roll(page)
        await expect(rolled).to_have_count(start + rolls)
    assert await row(page, "failed with").count() == before


async def _fits_a_phone(page: Page) -> None:
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE[0]
