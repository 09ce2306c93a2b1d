"""The page outlives the server: a new one on the same port is taken as it is."""

import aiohttp
import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import SampleBot, run_bot
from playwright.async_api import Browser, Page, expect

from tests.local_discord.page_parts import become, box, opened, row, say
from tests.support.browser import PHONE, visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEOPLE = (LocalPerson("alice", listed=True), LocalPerson("mallory", listed=False))
HINT = ("Type `/say text:hi`", "say `fix it`")


@pytest.mark.slow
async def test_a_restarted_server_is_loaded_anew(browser: Browser) -> None:
    async with (
        LocalDiscord(PEOPLE, token="local-token") as first,
        visit(browser, first.base_url) as visited,
    ):
        page = visited.page
        await become(page, "mallory")
        await say(page, "to the first")
        await expect(row(page, "to the first")).to_be_visible()
        await first.__aexit__(None, None, None)
        await expect(page.get_by_text("Reconnecting…")).to_be_visible()
        async with LocalDiscord(PEOPLE, token="local-token", port=first.port) as second:
            async with Person(second.base_url, "alice") as alice:
                await alice.say("dev", "from the second")
            await expect(row(page, "from the second")).to_be_visible()
            await expect(row(page, "to the first")).to_have_count(0)
            await expect(page.get_by_role("radio", name="mallory")).to_be_checked()
            await say(page, "to the second")
            await expect(row(page, "to the second")).to_be_visible()
            visited.ignore_errors("Failed to load resource")


async def test_browsers_ask_before_they_use_a_module_of_an_older_version() -> None:
    async with (
        LocalDiscord(PEOPLE, token="local-token") as local,
        aiohttp.ClientSession(local.base_url) as http,
        http.get("/static/js/main.js") as answer,
    ):
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.slow
async def test_the_first_visit_shows_what_to_try_until_it_is_dismissed_or_done(
    browser: Browser,
) -> None:
    async with (
        LocalDiscord(PEOPLE, token="local-token", hint=HINT) as local,
        run_bot(SampleBot(), local),
    ):
        async with opened(browser, local, size=PHONE) as page:
            hint = page.get_by_role("region", name="What to try")
            await expect(hint.get_by_role("button", name="fix it")).to_be_hidden()
            await hint.get_by_text("Try it").click()
            await hint.get_by_role("button", name="fix it").click()
            await box(page).press("Enter")
            await expect(hint.get_by_role("button", name="fix it")).to_have_class("try done")
            await page.reload()
            await expect(box(page)).to_be_visible()
            await box(page).fill("/say text:something else")
            await page.keyboard.press("Enter")
            await expect(row(page, "something else").last).to_be_visible()
            await hint.get_by_text("Try it").click()  # a reload folds the card on a phone
            step = hint.get_by_role("button", name="/say text:hi")
            await expect(step).to_have_class("try")  # another option: not what the step says
            await box(page).fill("/say text:hi")
            await page.keyboard.press("Enter")
            await expect(step).to_have_class("try done")
            await expect(hint).to_be_visible()
            await say(page, "once more")
            await expect(hint).to_have_count(0)
            local.set_hint(["5. say `more`"])
            await hint.get_by_text("Try it").click()
            await expect(hint.get_by_role("button", name="more")).to_be_visible()
            local.set_hint(HINT)
            await expect(hint).to_have_count(0)
        async with opened(browser, local) as page:
            await _dismiss(page)


@pytest.mark.slow
async def test_a_step_is_ticked_whichever_way_it_was_done(browser: Browser) -> None:
    steps = ("1. say `card`", "2. press **Quiet**", "3. say `ship it`", "4. say `fix it`")
    async with (
        LocalDiscord(PEOPLE, token="local-token", hint=steps) as local,
        run_bot(SampleBot(), local),
        opened(browser, local) as page,
    ):
        hint = page.get_by_role("region", name="What to try")
        await say(page, "card")
        card = row(page, "the card")
        await card.get_by_role("button", name="Quiet").click()
        await expect(hint.locator("strong")).to_have_class("try done")
        await expect(hint.get_by_role("button", name="ship it")).to_have_class("try")
        await card.get_by_role("button", name="Ship it").click()
        await expect(hint.get_by_role("button", name="ship it")).to_have_class("try done")
        await say(page, f"<@{local.bot_user_id}> Fix it!")
        await expect(hint.get_by_role("button", name="fix it")).to_have_class("try done")


async def _dismiss(page: Page) -> None:
    hint = page.get_by_role("region", name="What to try")
    await expect(hint.get_by_role("button", name="fix it")).to_be_visible()
    await hint.get_by_role("button", name="Dismiss the hint").click()
    await expect(hint).to_have_count(0)
    await page.reload()
    await expect(page.get_by_label("Message #dev")).to_be_visible()
    await expect(hint).to_have_count(0)
