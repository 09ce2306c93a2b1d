"""Nothing that people or bots write becomes markup, a script or an unsafe link on the page."""

import io

import discord
import pytest
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import run_bot
from playwright.async_api import Browser, Page, expect

from tests.local_discord.page_parts import box, opened, row, say
from tests.support.browser import visit
from tests.support.page_bot import PageBot

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>"
LINKS = (
    "[click](javascript:alert(1)) <javascript:alert(1)> data:text/html,<script>alert(1)</script> "
    "[ok](https://example.org/?q=<b>) ||<svg onload=alert(1)>||"
)


def evil_embed() -> discord.Embed:
    embed = discord.Embed(title=EVIL, description=EVIL + LINKS, colour=0xFF0000)
    embed.add_field(name=EVIL, value=f"```html\n{EVIL}\n```")
    return embed.set_footer(text=EVIL).set_author(name=EVIL)


async def markup_on(page: Page) -> list[str]:
    """Elements inside messages that only injected markup could have made."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll(
            'body script, iframe, object, [onerror], [onload], img[src="x"]',
        )].map((node) => node.outerHTML)"""
    )
    return found


async def unsafe_links_on(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('.app a[href]')].map((link) => link.href)
            .filter((href) => !/^https?:/.test(href))"""
    )
    return found


@pytest.mark.slow
async def test_markup_in_content_names_embeds_and_files_stays_text(browser: Browser) -> None:
    people = (LocalPerson("<b>alice</b>", listed=True), LocalPerson("mallory", listed=False))
    async with (
        LocalDiscord(people, token="local-token", guild_name="<i>Guild</i>") as local,
        run_bot(PageBot(), local) as bot,
        opened(browser, local) as page,
    ):
        channel = bot.get_channel(local.dev_channel_id)
        assert isinstance(channel, discord.TextChannel)
        await say(page, EVIL)
        await expect(row(page, EVIL).first).to_be_visible()
        files = [
            discord.File(io.BytesIO(EVIL.encode()), "<img src=x onerror=alert(1)>.txt"),
            discord.File(io.BytesIO(f"+{EVIL}\n".encode()), "evil.diff"),
        ]
        view = discord.ui.View()
        view.add_item(discord.ui.Button(label=EVIL[:80], custom_id="evil"))
        await channel.send(LINKS, embed=evil_embed(), files=files, view=view)
        kind = discord.ChannelType.public_thread
        await (await channel.create_thread(name=EVIL[:90], type=kind)).send(EVIL)
        await expect(page.locator(".embed-title")).to_contain_text("<img src=x")
        await expect(page.locator(".author").first).to_have_text("<b>alice</b>")
        await expect(page.locator(".file-text code").first).to_contain_text("<img")
        await page.get_by_role("button", name="Open evil.diff").click()
        await expect(page.get_by_role("dialog")).to_contain_text("<img src=x")
        assert await markup_on(page) == []
        assert await unsafe_links_on(page) == []
        assert "owned" not in await page.title()


@pytest.mark.slow
async def test_an_attached_page_is_never_run(browser: Browser) -> None:
    people = (LocalPerson("alice", listed=True),)
    async with (
        LocalDiscord(people, token="local-token") as local,
        run_bot(PageBot(), local) as bot,
        opened(browser, local) as page,
    ):
        channel = bot.get_channel(local.dev_channel_id)
        assert isinstance(channel, discord.TextChannel)
        page_file = discord.File(io.BytesIO(b"<script>document.title='owned'</script>"), "a.html")
        sent = await channel.send(file=page_file)
        await page.goto(sent.attachments[0].url)
        assert await page.title() != "owned"


@pytest.mark.slow
async def test_the_page_is_bound_by_a_strict_content_policy(browser: Browser) -> None:
    people = (LocalPerson("alice", listed=True),)
    async with (
        LocalDiscord(people, token="local-token") as local,
        visit(browser, local.base_url) as visited,
    ):
        await expect(box(visited.page)).to_be_visible()
        ran = await visited.page.evaluate(
            """() => {
                const script = document.createElement('script');
                script.textContent = 'window.ran = true';
                document.body.append(script);
                return window.ran === true;
            }"""
        )
        assert not ran
        assert any("Content Security Policy" in wrong for wrong in visited.wrongs)
        visited.ignore_errors("Content Security Policy")
