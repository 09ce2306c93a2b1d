"""The page by keyboard: Escape, skip links, walking the messages, commands nobody knows."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import run_bot
from playwright.async_api import Browser, expect

from tests.local_discord.page_parts import box, opened, row, say
from tests.support.browser import PHONE
from tests.support.page_bot import PageBot

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

NEAREST = """async (typed) => {
    const { isCommandLike, nearest } = await import('/static/js/commands.js');
    const names = ['poll create', 'poll results', 'roll', 'fix', 'incidents', 'runs list'];
    const commands = names.map((name) => ({ name, type: 1 }));
    return typed.map((text) =>
        isCommandLike(text) ? nearest(commands, text.slice(1)).map(({ name }) => name) : null);
}"""
NEAR = {
    "/rol 2d6": ["roll"],
    "/poll": ["poll create", "poll results", "roll"],
    "/poll result": ["poll results", "poll create", "roll"],
    "/incident 7": ["incidents"],
    "/fxi the dice": [],
    "/run": ["runs list"],
    "/weather": [],
    "/usr/bin/python fails": None,
    "/ ": None,
    "//roll": None,
}


@pytest_asyncio.fixture(loop_scope="module")
async def bot(local: LocalDiscord) -> AsyncIterator[PageBot]:
    async with run_bot(PageBot(), local) as running:
        yield running


async def test_an_unknown_command_is_said_to_be_unknown_and_never_posted(
    bot: PageBot, local: LocalDiscord, browser: Browser, mallory: Person
) -> None:
    async with opened(browser, local) as page:
        assert await page.evaluate(NEAREST, list(NEAR)) == list(NEAR.values())
        await say(page, "/run list")
        await expect(
            page.get_by_text("There is no /run here, and nothing was sent.")
        ).to_be_visible()
        await expect(box(page)).to_have_value("/run list")
        await box(page).press("Enter")
        await expect(
            page.get_by_text("There is no /run here, and nothing was sent.")
        ).to_be_visible()
        await page.get_by_role("option", name="/runs list").click()
        await page.keyboard.press("Enter")
        await expect(row(page, "no runs")).to_contain_text("alice used /runs list")
        await say(page, "/usr/bin/python fails")
        await expect(row(page, "/usr/bin/python fails")).to_be_visible()
        assert [m["content"] for m in await mallory.list_messages("dev")] == [
            "no runs",
            "/usr/bin/python fails",
        ]


async def test_commands_and_their_choices_are_offered_in_direct_messages_too(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await page.get_by_label("Direct messages").get_by_role("button", name="Theseus").click()
        await box(page, "@Theseus").press_sequentially("/pick ot")
        await page.get_by_role("option", name="other").click()
        await page.keyboard.press("Enter")
        await expect(row(page, "picked other")).to_contain_text("alice used /pick")


async def test_escape_closes_the_topmost_thing_only(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show thread")
        await row(page, "show thread").get_by_role("button", name="Dice keep crashing").click()
        thread = page.get_by_role("complementary", name="Thread")
        first = thread.locator("li.message").filter(has_text="Looking into it.")
        await first.click(button="right")
        await page.get_by_role("menuitem", name="Reply").click()
        await page.keyboard.press("Escape")
        await expect(page.get_by_text("Replying to Theseus")).to_be_hidden()
        await expect(thread).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(thread).to_be_hidden()

        await say(page, "show card")
        await page.get_by_role("button", name="Revise").click()
        dialog = page.get_by_role("dialog", name="What should change?")
        await dialog.get_by_role("button", name="How soon").click()
        await expect(page.get_by_role("option", name="Today")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("option", name="Today")).to_have_count(0)
        await expect(dialog).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
    async with opened(browser, local, size=PHONE) as page:
        await box(page).fill("half a sen")
        menu = page.get_by_role("button", name="Channels", exact=True)
        await menu.click()
        await expect(page.get_by_role("navigation", name="Channels")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("navigation", name="Channels")).to_be_hidden()
        await expect(menu).to_be_focused()
        await expect(box(page)).to_have_value("half a sen")


async def test_tab_skips_to_the_box_or_the_newest_message_and_arrows_walk_the_messages(
    bot: PageBot, local: LocalDiscord, browser: Browser, mallory: Person
) -> None:
    for number in range(40):
        await mallory.say("dev", f"line {number}")
    async with opened(browser, local) as page:
        await expect(row(page, "line 39")).to_be_in_viewport()
        await page.get_by_role("button", name="dev", exact=True).focus()
        for _ in range(2):
            await page.keyboard.press("Shift+Tab")
        await expect(page.get_by_text("Skip to the message box")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(box(page)).to_be_focused()
        await page.get_by_text("Skip to the newest message").focus()
        await page.keyboard.press("Enter")
        await expect(row(page, "line 39")).to_be_focused()
        await box(page).focus()
        # One stop for all messages: their toolbars are reached from their rows alone.
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Shift+Tab")
        await expect(page.get_by_role("region", name="Messages in dev")).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(row(page, "line 39")).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(row(page, "line 38")).to_be_focused()
        await page.keyboard.press("Tab")
        quick = row(page, "line 38").get_by_role("button", name="React with 👍")
        await expect(quick).to_be_focused()
        await expect(quick).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(row(page, "line 38").get_by_role("button", name="👍, 1")).to_be_visible()
        await expect(page.locator(".toolbar button[tabindex='0']")).to_have_count(6)
