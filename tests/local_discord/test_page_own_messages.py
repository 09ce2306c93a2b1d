"""One's own messages are changed and deleted on the page, and the bot hears of both."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import run_bot
from playwright.async_api import Browser, expect

from tests.local_discord.page_parts import become, box, opened, row, say
from tests.support.page_bot import PageBot

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


@pytest_asyncio.fixture(loop_scope="module")
async def bot(local: LocalDiscord) -> AsyncIterator[PageBot]:
    async with run_bot(PageBot(), local) as running:
        yield running


async def test_ones_own_message_is_edited_by_arrow_or_menu_and_deleted_after_a_question(
    bot: PageBot, local: LocalDiscord, browser: Browser, mallory: Person
) -> None:
    async with opened(browser, local) as page:
        await say(page, "@mallory, the dice is broken")
        await mallory.say("dev", "somebody else's")
        await expect(row(page, "somebody else's")).to_be_visible()
        editor = page.get_by_label("Edit message")

        await box(page).press("ArrowUp")
        await expect(editor).to_be_focused()
        await expect(editor).to_have_value("@mallory, the dice is broken")
        await editor.fill("never mind")
        await editor.press("Escape")
        await expect(editor).to_have_count(0)
        await expect(box(page)).to_be_focused()
        await expect(row(page, "the dice is broken")).not_to_contain_text("(edited)")

        await row(page, "the dice is broken").click(button="right")
        await page.get_by_role("menuitem", name="Edit message").click()
        await editor.fill("@mallory, the dice are broken")
        await mallory.react("dev", (await mallory.list_messages("dev"))[0]["id"], "👀")
        await expect(page.get_by_role("button", name="👀, 1")).to_be_visible()
        await expect(editor).to_have_value("@mallory, the dice are broken")
        await editor.press("Enter")
        await expect(row(page, "the dice are broken")).to_contain_text("(edited)")
        await bot.wait_until(lambda: bot.edited)
        changed = bot.edited[-1].message
        assert changed.content == f"<@{local.people['mallory']}>, the dice are broken"
        assert changed.edited_at is not None

        gone = bot.wait_for("raw_message_delete", timeout=20)
        await row(page, "the dice are broken").click(button="right")
        await page.get_by_role("menuitem", name="Delete message").click()
        question = page.get_by_role("dialog", name="Delete this message?")
        await expect(question).to_contain_text("the dice are broken")
        await page.keyboard.press("Escape")
        await expect(row(page, "the dice are broken")).to_be_visible()
        await box(page).press("ArrowUp")
        await editor.fill("")
        await editor.press("Enter")
        await question.get_by_role("button", name="Delete").click()
        await expect(row(page, "the dice are broken")).to_have_count(0)
        assert (await gone).message_id == changed.id


async def test_only_who_wrote_a_message_is_offered_to_change_it(
    bot: PageBot, local: LocalDiscord, browser: Browser, mallory: Person
) -> None:
    async with opened(browser, local) as page:
        await mallory.say("dev", "mine")
        await row(page, "mine").click(button="right")
        await expect(page.get_by_role("menuitem", name="Reply")).to_be_visible()
        await expect(page.get_by_role("menuitem", name="Edit message")).to_have_count(0)
        await expect(page.get_by_role("menuitem", name="Delete message")).to_have_count(0)
        await page.keyboard.press("Escape")
        await box(page).press("ArrowUp")
        await expect(page.get_by_label("Edit message")).to_have_count(0)
        await become(page, "mallory")
        await box(page).press("ArrowUp")
        await expect(page.get_by_label("Edit message")).to_have_value("mine")
        await become(page, "alice")
        await expect(row(page, "mine")).to_be_visible()
        await expect(page.get_by_label("Edit message")).to_have_count(0)
