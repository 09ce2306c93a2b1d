"""axe-core, Deque's accessibility checker, finds nothing serious in any state of the page."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import run_bot
from playwright.async_api import Browser, Page, expect

from tests.local_discord.page_parts import box, row
from tests.support.accessibility import list_serious_violations
from tests.support.browser import DESKTOP, visit
from tests.support.page_bot import PageBot

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

NARROW = (390, 844)
EVERYTHING = (
    "show card", "show diff", "show layout", "show thread",
    "**bold** `code` <t:1700000000:R> https://e.example ||hidden|| @mallory\n"
    "```py\nx = 1  # one\n```\n> quoted\n- listed\n-# small",
)  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module")
async def bot(local: LocalDiscord) -> AsyncIterator[PageBot]:
    async with run_bot(PageBot(), local) as running:
        yield running


async def walk(page: Page) -> AsyncIterator[str]:
    """Bring the page from state to state."""
    yield "channel"
    await box(page).fill("/")
    await expect(page.get_by_role("option", name="/fix")).to_be_visible()
    yield "commands"
    await box(page).fill("")
    await page.get_by_role("button", name="Which candidate?").click()
    yield "select"
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Revise").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    yield "form"
    await page.keyboard.press("Escape")
    await box(page).press("ArrowUp")
    await expect(page.get_by_label("Edit message")).to_be_focused()
    yield "editor"
    await page.get_by_label("Edit message").fill("")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Delete this message?")).to_be_visible()
    yield "question"
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Open proposal.diff").click()
    await expect(page.get_by_role("dialog", name="proposal.diff")).to_be_visible()
    yield "reader"
    await page.keyboard.press("Escape")
    await row(page, "bold code").click(button="right")
    yield "menu"
    await page.keyboard.press("Escape")
    await page.locator(".thread-card").click()
    await expect(page.get_by_text("Looking into it.")).to_be_visible()
    yield "thread"


async def test_axe_finds_nothing_serious_at_either_size_and_in_either_theme(
    bot: PageBot, local: LocalDiscord, browser: Browser, alice: Person
) -> None:
    for text in EVERYTHING:
        said = await alice.say("dev", text)
    await alice.react("dev", said, "👍")
    await alice.run("dev", "secret")
    await alice.wait_for_thread("dev", lambda thread: thread["message_count"] == 1)
    found = {}
    for size in (DESKTOP, NARROW):
        async with visit(browser, local.base_url, size) as visited:
            page = visited.page
            await expect(page.locator(".thread-card")).to_be_visible()
            async for state in walk(page):
                for theme in ("dark", "light"):
                    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                    if wrong := await list_serious_violations(page):
                        found[f"{state}, {theme}, {size[0]}"] = wrong
    assert found == {}
