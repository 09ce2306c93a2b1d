"""What the page's tests share: finding things on it as a person would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from local_discord.server import LocalDiscord
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.browser import DESKTOP, visit


@asynccontextmanager
async def opened(
    browser: Browser, local: LocalDiscord, path: str = "/", size: tuple[int, int] = DESKTOP
) -> AsyncIterator[Page]:
    """The page of a local Discord, loaded."""
    async with visit(browser, local.base_url + path, size) as visited:
        await expect(visited.page.get_by_text("The start of").first).to_be_visible()
        yield visited.page


def box(page: Page, name: str = "#dev") -> Locator:
    """The composer of a channel."""
    return page.get_by_label(f"Message {name}")


async def say(page: Page, text: str, name: str = "#dev") -> None:
    """Type and send."""
    await box(page, name).fill(text)
    await box(page, name).press("Enter")


def row(page: Page, text: str) -> Locator:
    """The message that holds a text."""
    return page.locator("li.message").filter(has_text=text)


async def become(page: Page, name: str) -> None:
    """Switch the person."""
    await page.get_by_role("radio", name=name).click()
    await expect(page.get_by_role("radio", name=name)).to_be_checked()
