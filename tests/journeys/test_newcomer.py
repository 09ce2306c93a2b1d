"""A newcomer, in a browser: a command fails; its fix is asked for, read, tried and shipped."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from bot.demo.faults import choose
from tests.local_discord.page_parts import box, row, say
from tests.support.browser import PHONE, launch_chromium, visit
from tests.support.demo_playground import Playground, open_playground

pytestmark = pytest.mark.slow

SIZE = (1440, 1440)  # a whole card and what comes after it
FIRST_LOOK, PROPOSED, TRIED, LIVE = 60_000, 400_000, 90_000, 180_000  # ms, of a busy machine
CANCEL = "/reminders cancel id:7"


async def test_what_failed_is_played_tried_and_shipped_without_a_restart(tmp_path: Path) -> None:
    async with (
        open_playground(tmp_path, choose("reminders-log", None), has_history=True) as play,
        launch_chromium() as browser,
        visit(browser, play.demo.discord.base_url, SIZE) as visited,
    ):
        page, pid = visited.page, play.demo.bot.pid
        await expect(page.get_by_text("Something in this bot is broken")).to_be_visible()
        await page.emulate_media(color_scheme="dark")
        await _use(play)
        await _cancel(page, 1)
        await expect(row(page, "failed with TypeError").first).to_contain_text("Error id")
        await say(page, play.fault.report)
        asked = row(page, play.fault.report).first
        await expect(asked.get_by_role("button", name="👀")).to_be_visible()
        await asked.locator(".thread-card").click(timeout=FIRST_LOOK)
        thread = page.get_by_role("complementary", name="Thread")
        card = thread.get_by_role("article", name="Fixing:")
        await expect(card).to_contain_text(
            re.compile(r"TypeErrors? from /reminders"), timeout=FIRST_LOOK
        )
        await page.screenshot(path=str(tmp_path / "filling.png"))
        proposal = thread.get_by_role("article", name="Proposal #1")
        await expect(proposal).to_be_visible(timeout=PROPOSED)
        await expect(proposal).to_contain_text(
            re.compile(r"/reminders cancel.*fails without the change", re.S)
        )
        await expect(proposal).to_contain_text("passes with it")
        await expect(proposal).to_contain_text(re.compile(r"0 of \d+ answers change"))
        await thread.get_by_role("button", name="Expand").first.click()
        await expect(thread.locator(".diff-part").first).to_contain_text(play.fault.file)
        await page.screenshot(path=str(tmp_path / "proposed.png"))
        await _try(page, thread)
        await page.screenshot(path=str(tmp_path / "tried.png"))
        await thread.get_by_role("textbox").fill("ship it")
        await thread.get_by_role("textbox").press("Enter")
        live = thread.get_by_text(re.compile("live at", re.I)).first
        await expect(live).to_be_visible(timeout=LIVE)
        await _cancel(page, 2)
        answers = page.locator("li.message").filter(has_text="used /reminders")
        await expect(answers.last).to_contain_text("You have no reminder with that number.")
        await page.screenshot(path=str(tmp_path / "live.png"))
        assert play.demo.bot.pid == pid
        assert play.demo.bot.starts == 1
        await play.alice.check_wording()
        await _fits_a_phone(page)


async def _use(play: Playground) -> None:
    """Do what works, so that there is something a change could change."""
    for person in (play.alice.person, play.bob.person):
        await person.run("general", "remind", **{"in": "2h", "about": "tea"})
        await person.run("general", "reminders list")
        await person.run("general", "roll", dice="2d6")


async def _cancel(page: Page, times: int) -> None:
    await box(page).press_sequentially(CANCEL)
    await page.keyboard.press("Enter")
    used = page.locator("li.message").filter(has_text="used /reminders")
    await expect(used).to_have_count(times)


async def _try(page: Page, thread: Locator) -> None:
    """Press Try it, send the form as it comes, and read the answer that nobody else sees."""
    await thread.get_by_role("button", name="Try it").click()
    form = page.get_by_role("dialog", name="Try this proposal")
    await expect(form.get_by_role("textbox").first).to_have_value(re.compile("/reminders cancel"))
    await form.get_by_role("button", name="Submit").click()
    answer = thread.locator("li.message").filter(has_text="With the change")
    await expect(answer).to_contain_text("on an empty server", timeout=TRIED)
    await expect(answer).to_contain_text("Only you can see this")


async def _fits_a_phone(page: Page) -> None:
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE[0]
