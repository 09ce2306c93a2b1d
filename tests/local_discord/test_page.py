"""The page in a real browser, against the real server and a real discord.py bot."""

import io
import re
import struct
import zlib
from collections.abc import AsyncIterator

import discord
import pytest
import pytest_asyncio
from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.people import people
from local_discord_tests.sample_bot import run_bot
from playwright.async_api import Browser, expect

from tests.local_discord.page_parts import become, box, opened, row, say
from tests.support.browser import PHONE, visit
from tests.support.cuttable_relay import CuttableRelay
from tests.support.page_bot import PageBot

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def bot(local: LocalDiscord) -> AsyncIterator[PageBot]:
    async with run_bot(PageBot(), local) as running:
        yield running


def dev(bot: PageBot, local: LocalDiscord) -> discord.TextChannel:
    channel = bot.get_channel(local.dev_channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_a_message_is_sent_answered_and_edited_before_ones_eyes(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "echo **hello**")
        answer = row(page, "hello").filter(has=page.locator(".bot-tag"))
        await expect(answer.locator("strong")).to_have_text("hello")
        await expect(answer.locator(".context-line")).to_contain_text("alice")
        sent = await dev(bot, local).send("stage 1 of 3")
        await expect(row(page, "stage 1 of 3")).to_be_visible()
        await sent.edit(content="stage 2 of 3")
        await expect(row(page, "stage 2 of 3")).to_contain_text("(edited)")
        await expect(row(page, "stage 1 of 3")).to_have_count(0)
        await sent.delete()
        await expect(row(page, "stage 2 of 3")).to_have_count(0)


@pytest.mark.slow
async def test_a_card_shows_its_parts_and_its_button_works(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show card")
        card = page.get_by_role("article", name="Proposal: keep dice inside their faces")
        await expect(card.get_by_role("link")).to_have_attribute("href", "https://example.org/pr/1")
        await expect(card.locator(".embed-field.inline")).to_have_count(3)
        await expect(card.locator(".diff-add")).to_have_text("+ sides\n", use_inner_text=False)
        await expect(card.locator("footer")).to_contain_text("run 7")
        await expect(page.get_by_role("button", name="Later")).to_be_disabled()
        await page.get_by_role("button", name="Ship it").click()
        await expect(row(page, "Shipped.")).to_be_visible()
        await expect(page.get_by_role("button", name="Ship it")).to_have_count(0)


@pytest.mark.slow
async def test_a_select_sends_its_choice(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show card")
        await page.get_by_role("button", name="Which candidate?").click()
        await page.get_by_role("option", name="Second").click()
        await expect(row(page, "chose 2")).to_be_visible()


@pytest.mark.slow
async def test_a_layout_of_containers_is_drawn_and_its_button_works(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show layout")
        container = page.locator(".container")
        await expect(container.get_by_role("heading")).to_have_text("In a container")
        await expect(container.locator("strong")).to_have_text("words")
        await container.get_by_role("button", name="Press").click()
        await expect(row(page, "pressed in a layout")).to_be_visible()


@pytest.mark.slow
async def test_a_modal_comes_filled_in_and_its_answers_reach_the_bot(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show card")
        await page.get_by_role("button", name="Revise").click()
        dialog = page.get_by_role("dialog", name="What should change?")
        words = dialog.get_by_label("In a few words")
        await expect(words).to_have_value("also handle 0d6")
        await words.fill("")
        await dialog.get_by_role("button", name="Submit").click()
        await expect(dialog).to_be_visible()
        await words.fill("also 1d1")
        await dialog.get_by_label("More").fill("two\nlines")
        await dialog.get_by_role("button", name="Submit").click()
        await expect(row(page, "wishes: also 1d1|two")).to_be_visible()
        await expect(dialog).to_have_count(0)


@pytest.mark.slow
async def test_a_command_is_picked_filled_in_and_completed_by_the_bot(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await box(page).press_sequentially("/f")
        await expect(page.get_by_role("option", name="/fix")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("what", exact=True)).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("what is required")).to_be_visible()
        await page.keyboard.type("the dice")
        await page.get_by_role("button", name="+ run").click()
        await page.keyboard.type("poll")
        await page.get_by_role("option", name="Run 8: polls").click()
        await page.get_by_role("button", name="+ tier").click()
        await page.get_by_role("option", name="full").click()
        await page.keyboard.press("Enter")
        await expect(row(page, "fixing the dice 8 f False")).to_be_visible()
        await expect(box(page)).to_be_focused()


@pytest.mark.slow
async def test_a_whole_command_line_can_be_typed(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await box(page).press_sequentially("/roll 2d6")
        await page.keyboard.press("Enter")
        await expect(row(page, "2d6: 7")).to_contain_text("alice used /roll")
        await page.keyboard.press("ArrowUp")
        await expect(page.get_by_role("combobox", name="dice")).to_have_value("2d6")
        await page.get_by_role("combobox", name="dice").fill("3d6")
        await page.keyboard.press("Enter")
        await expect(row(page, "3d6: 7")).to_be_visible()
        await box(page).press_sequentially("/roll dice:4d6")
        await page.keyboard.press("Enter")
        await expect(row(page, "4d6: 7")).to_be_visible()
        await say(page, "/runs list")
        await expect(row(page, "no runs")).to_be_visible()


@pytest.mark.slow
async def test_a_silent_bot_is_said_to_be_silent(browser: Browser) -> None:
    async with (
        LocalDiscord(people(), token="local-token") as local,  # with Discord's own three seconds
        run_bot(PageBot(), local),
        opened(browser, local) as page,
    ):
        await say(page, "/sleepy")
        await expect(page.get_by_text("Sending /sleepy")).to_be_visible()
        failed = row(page, "The application did not respond")
        await failed.get_by_role("button", name="Dismiss").click()
        await expect(failed).to_have_count(0)
        await say(page, "show card")
        await page.get_by_role("button", name="Show plan").click()
        await expect(page.get_by_role("alert").filter(has_text="did not respond")).to_be_visible()


@pytest.mark.slow
async def test_reactions_are_counted_and_flipped(
    bot: PageBot, local: LocalDiscord, browser: Browser, mallory: Person
) -> None:
    async with opened(browser, local) as page:
        sent = await dev(bot, local).send("card")
        await mallory.react("dev", str(sent.id), "👍")
        mine = row(page, "card").get_by_role("button", name="👍, ")
        await expect(mine).to_have_attribute("aria-pressed", "false")
        await mine.click()
        await expect(mine).to_have_text("👍2")
        await expect(mine).to_have_attribute("aria-pressed", "true")
        await mine.click()
        await expect(mine).to_have_text("👍1")
        await row(page, "card").hover()
        await row(page, "card").get_by_role("button", name="Add reaction").first.click()
        await page.get_by_role("button", name="ship", exact=True).click()
        await expect(row(page, "card").get_by_role("button", name="🚢, 1")).to_be_visible()


@pytest.mark.slow
async def test_a_reply_shows_what_it_answers_and_leads_back_to_it(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await dev(bot, local).send("an error happened")
        for number in range(30):
            await dev(bot, local).send(f"line {number}\n\n")
        await row(page, "an error happened").hover()
        await row(page, "an error happened").get_by_role("button", name="Reply").click()
        await expect(page.get_by_text("Replying to Theseus")).to_be_visible()
        await page.keyboard.type("fix this")
        await page.keyboard.press("Enter")
        reply = row(page, "fix this")
        await expect(reply.locator(".context-words")).to_have_text("an error happened")
        await expect(reply).to_be_in_viewport()
        await expect(row(page, "an error happened").first).not_to_be_in_viewport()
        await reply.locator(".context-line").click()
        await expect(row(page, "an error happened").first).to_be_in_viewport()
        heard = [message for message in bot.received if message.content == "fix this"]
        assert heard[0].reference is not None


@pytest.mark.slow
async def test_a_thread_opens_beside_its_channel_and_has_an_address(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show thread")
        await row(page, "show thread").get_by_role("button", name="Dice keep crashing").click()
        thread = page.get_by_role("complementary", name="Thread")
        await expect(thread.get_by_text("Looking into it.")).to_be_visible()
        await expect(page.get_by_role("main")).to_be_visible()
        await page.keyboard.type("echo in the thread")
        await page.keyboard.press("Enter")
        await expect(thread.locator("li.message").filter(has_text="in the thread")).to_have_count(2)
        card = page.get_by_role("main").locator(".thread-card")
        await expect(card).to_contain_text("3 messages")
        await say(page, "/secret", "“Dice keep crashing”")
        await expect(thread.get_by_text("only you", exact=True)).to_be_visible()
        await page.keyboard.type("echo more")
        await page.keyboard.press("Enter")
        await expect(card).to_contain_text("5 messages")
        address = page.url
        await page.goto(local.base_url + "/#/general")
        await expect(thread).to_be_hidden()
        await page.goto(address)
        await expect(thread.get_by_text("Looking into it.")).to_be_visible()
        await thread.get_by_role("button", name="Close the thread").click()
        await expect(thread).to_be_hidden()


# A file's text, or a picture, is there only after its message: the list grows by itself.
GROWN = """async () => {
    const scroller = [...document.querySelectorAll('.scroller')].at(-1);
    scroller.scrollTop -= 10;
    scroller.querySelector('li.message:last-child .message-body').style.height = '400px';
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)));
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
}"""


@pytest.mark.slow
async def test_a_long_thread_opens_at_its_end_and_stays_there_when_what_is_shown_grows(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    kind = discord.ChannelType.public_thread
    thread = await dev(bot, local).create_thread(name="A long thread", type=kind)
    for number in range(30):
        await thread.send(f"line {number}")
    await thread.send("the end", file=discord.File(io.BytesIO(b"one\n" * 20), "run.log"))
    async with opened(browser, local) as page:
        started = row(page, "started a thread: A long thread")
        await started.get_by_role("button", name="A long thread 31 messages").click()
        end = row(page, "the end")
        await expect(end.get_by_role("button", name="Expand (20 lines)")).to_be_in_viewport()
        await expect(row(page, "line 0")).not_to_be_in_viewport()
        assert await page.evaluate(GROWN) < 1


@pytest.mark.slow
async def test_unread_channels_are_marked_until_they_are_opened(
    bot: PageBot, local: LocalDiscord, browser: Browser, mallory: Person
) -> None:
    async with opened(browser, local) as page:
        await mallory.say("general", "psst @alice")
        place = page.get_by_role("button", name="general, 1 unread")
        await expect(place.locator(".badge")).to_have_text("1")
        await expect(page).to_have_title(re.compile(r"^\(1\) #dev"))
        await place.click()
        await expect(row(page, "psst")).to_have_class(re.compile("mentions-me"))
        await expect(page.get_by_text("NEW", exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="general", exact=True)).to_be_visible()


@pytest.mark.slow
async def test_the_full_diff_is_read_on_the_page(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show diff")
        card = page.get_by_role("group", name="proposal.diff")
        await card.get_by_role("button", name="Expand (28 lines)").click()
        await expect(card.locator(".diff-part")).to_have_count(2)
        await expect(card.locator(".diff-part").first).to_contain_text("cogs/dice.py")
        await expect(card.locator(".diff-part").first.locator("summary")).to_contain_text("+2")
        added = card.locator(".diff-row.diff-add").first
        await expect(added).to_contain_text("41")
        await expect(added).to_contain_text("randrange(0, sides)")
        async with page.expect_download() as download:
            await card.get_by_role("link", name="Download proposal.diff").click()
        assert (await download.value).suggested_filename == "proposal.diff"
        await card.get_by_role("button", name="Open proposal.diff").click()
        reader = page.get_by_role("dialog", name="proposal.diff")
        await expect(reader.locator(".diff-del")).to_have_count(2)
        await page.keyboard.press("Escape")
        await expect(reader).to_have_count(0)


@pytest.mark.slow
async def test_what_only_one_person_may_see_is_shown_and_counted_to_them_alone(
    bot: PageBot, local: LocalDiscord, browser: Browser, alice: Person
) -> None:
    async with opened(browser, local) as page, opened(browser, local) as other:
        await become(other, "mallory")
        await say(page, "/secret")
        whisper = row(page, "only you")
        await expect(whisper).to_contain_text("Only you can see this")
        await dev(bot, local).send("for all")
        await expect(row(other, "for all")).to_be_visible()
        await expect(row(other, "only you")).to_have_count(0)
        await become(page, "mallory")
        await expect(row(page, "for all")).to_be_visible()
        await expect(whisper).to_have_count(0)
        await become(page, "alice")
        await whisper.get_by_role("button", name="Dismiss").click()
        await expect(whisper).to_have_count(0)
        await page.get_by_role("button", name="general").click()
        await alice.run("dev", "secret")
        await expect(page.get_by_role("button", name="dev, 1 unread")).to_be_visible()
        await become(page, "mallory")
        await expect(page.get_by_role("button", name="dev", exact=True)).to_be_visible()


@pytest.mark.slow
async def test_the_person_one_is_stays_chosen_and_speaks(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await expect(page.get_by_role("radio", name="alice")).to_contain_text("may ship")
        await expect(page.get_by_role("radio", name="mallory")).to_contain_text("not listed")
        await become(page, "mallory")
        await page.reload()
        await expect(page.get_by_role("radio", name="mallory")).to_be_checked()
        await say(page, "it is me")
        await expect(row(page, "it is me").locator(".author")).to_have_text("mallory")
        await page.get_by_label("Direct messages").get_by_role("button", name="Theseus").click()
        await say(page, "echo quietly", "@Theseus")
        await expect(row(page, "quietly")).to_have_count(2)
        await become(page, "alice")
        await expect(row(page, "quietly")).to_have_count(0)


@pytest.mark.slow
async def test_message_commands_are_in_the_message_menu(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "it broke")
        await row(page, "it broke").click(button="right")
        await page.get_by_role("menuitem", name="Fix this").click()
        answer = row(page, "fixing it broke")
        await expect(answer.locator(".context-line")).to_contain_text("alice used Fix this")


@pytest.mark.slow
async def test_typing_is_shown_until_the_message_comes(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show typing")
        await expect(page.get_by_text("Theseus is typing…")).to_be_visible()
        await dev(bot, local).send("done")
        await expect(page.get_by_text("Theseus is typing…")).to_have_count(0)


@pytest.mark.slow
async def test_new_messages_below_the_fold_are_announced_by_a_pill(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        for number in range(40):
            await dev(bot, local).send(f"line {number}")
        await expect(row(page, "line 39")).to_be_in_viewport()
        await row(page, "line 0").scroll_into_view_if_needed()
        await dev(bot, local).send("the newest")
        pill = page.get_by_role("button", name="1 new message")
        await expect(pill).to_be_visible()
        await expect(row(page, "the newest")).not_to_be_in_viewport()
        await pill.click()
        await expect(row(page, "the newest")).to_be_in_viewport()
        await expect(pill).to_be_hidden()


@pytest.mark.slow
async def test_what_was_said_while_the_stream_was_cut_is_caught_up(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with CuttableRelay(local.port) as relay, visit(browser, relay.url) as visited:
        page = visited.page
        sent = await dev(bot, local).send("stage 1")
        await expect(row(page, "stage 1")).to_be_visible()
        relay.disconnect()
        await expect(page.get_by_text("Reconnecting…")).to_be_visible()
        await sent.edit(content="stage 2")
        await dev(bot, local).send("said meanwhile")
        relay.reconnect()
        await expect(row(page, "said meanwhile")).to_have_count(1)
        await expect(row(page, "stage 2")).to_have_count(1)
        await expect(page.get_by_text("Theseus is online")).to_be_visible()
        visited.ignore_errors("Failed to load resource")


@pytest.mark.slow
async def test_an_unfolded_diff_stays_unfolded_while_its_card_changes(
    bot: PageBot, local: LocalDiscord, browser: Browser, mallory: Person
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show diff")
        card = page.get_by_role("group", name="proposal.diff")
        await card.get_by_role("button", name="Expand").click()
        answer = row(page, "The whole change")
        said = [
            m for m in await mallory.list_messages("dev") if m["content"] == "The whole change:"
        ]
        await mallory.react("dev", said[0]["id"], "👍")
        await expect(answer.get_by_role("button", name="👍, 1")).to_be_visible()
        await expect(answer.locator(".diff-part")).to_have_count(2)
        await card.get_by_role("button", name="Collapse").click()
        await expect(answer.locator(".diff-part")).to_have_count(0)


def picture(width: int) -> discord.File:
    """A white picture, `width` by 1."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        head = struct.pack(">I", len(body)) + kind + body
        return head + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" + b"\xff" * width)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return discord.File(io.BytesIO(png), "rate.png")


@pytest.mark.slow
async def test_a_cards_picture_is_shown_in_it_alone_and_replaced_by_an_edit(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        card = discord.Embed(title="too many failures").set_image(url="attachment://rate.png")
        sent = await dev(bot, local).send(embed=card, file=picture(30))
        shown = page.get_by_role("article", name="too many failures").locator("img")
        await expect(shown).to_have_js_property("naturalWidth", 30)
        await sent.edit(embed=card, attachments=[picture(70)])
        await expect(shown).to_have_js_property("naturalWidth", 70)
        await expect(page.locator(".attachments")).to_have_count(0)


@pytest.mark.slow
async def test_a_click_on_a_card_that_changes_under_the_pointer_is_not_lost(
    bot: PageBot, local: LocalDiscord, browser: Browser, mallory: Person
) -> None:
    async with opened(browser, local) as page:
        await say(page, "show card")
        await page.get_by_role("button", name="Ship it").hover()
        await page.mouse.down()
        said = [m for m in await mallory.list_messages("dev") if m["components"]]
        await mallory.react("dev", said[0]["id"], "👍")
        await dev(bot, local).typing()
        await expect(page.get_by_text("Theseus is typing…")).to_be_visible()
        await page.mouse.up()
        await expect(row(page, "Shipped.")).to_be_visible()


@pytest.mark.slow
async def test_a_phone_shows_everything_without_scrolling_sideways(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local, size=PHONE) as page:
        for text in ("show card", "show diff", "show thread", "x" * 300):
            await say(page, text)
        await page.get_by_role("button", name="Expand").click()
        await expect(page.locator(".diff-part")).to_have_count(2)
        wide = "document.scrollingElement.scrollWidth > innerWidth"
        assert not await page.evaluate(wide)
        scroller = "document.querySelector('.scroller')"
        assert not await page.evaluate(f"{scroller}.scrollWidth > {scroller}.clientWidth")
        menu = page.get_by_role("button", name="Channels", exact=True)
        await menu.click()
        drawer = page.get_by_role("navigation", name="Channels")
        await drawer.get_by_role("button", name="Dice keep crashing").click()
        thread = page.get_by_role("complementary", name="Thread")
        await expect(thread.get_by_text("Looking into it.")).to_be_visible()
        await expect(page.get_by_role("main")).to_be_hidden()
        assert not await page.evaluate(wide)
        await thread.get_by_role("button", name="Close the thread").click()
        await expect(page.get_by_role("main")).to_be_visible()
        await expect(page.get_by_role("navigation")).to_be_hidden()


@pytest.mark.slow
async def test_every_control_has_a_name_and_the_keyboard_reaches_it(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        for text in ("show card", "show diff", "show thread", "/secret"):
            await say(page, text)
        await expect(row(page, "Only you can see this")).to_be_visible()
        await expect(page.locator(".text-file")).to_be_visible()
        nameless: list[str] = await page.evaluate(
            """() => [...document.querySelectorAll('button, a, input, textarea, [role=button]')]
                .filter((node) => node.checkVisibility())
                .filter((node) => !node.ariaLabel && !node.textContent.trim())
                .map((node) => node.outerHTML)"""
        )
        assert nameless == []
        await page.get_by_role("radio", name="alice").focus()
        await page.keyboard.press("ArrowUp")
        await expect(page.get_by_role("radio", name="mallory")).to_be_checked()
        await expect(page.get_by_role("radio", name="mallory")).to_be_focused()
        await page.keyboard.type("a letter lands in the message box")
        await expect(box(page)).to_have_value("a letter lands in the message box")
        await box(page).fill("")
        await row(page, "show card").first.get_by_role("button", name="More").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("menuitem", name="Reply")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("menu")).to_have_count(0)


@pytest.mark.slow
async def test_a_draft_stays_in_its_channel(
    bot: PageBot, local: LocalDiscord, browser: Browser
) -> None:
    async with opened(browser, local) as page:
        await box(page).fill("half a sen")
        await page.get_by_role("button", name="general").click()
        await expect(box(page, "#general")).to_have_value("")
        await page.get_by_role("button", name="dev").click()
        await expect(box(page)).to_have_value("half a sen")
