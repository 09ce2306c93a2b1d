"""Headless Chromium for tests of pages; skips, saying why, where there is none."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = (1280, 800)
PHONE = (360, 740)
_PATIENCE = 20_000  # milliseconds: a machine that is busy with other tests draws late

expect.set_options(timeout=_PATIENCE)


@asynccontextmanager
async def launch_chromium() -> AsyncIterator[Browser]:
    """Yield a browser for one test."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: install one of {', '.join(NAMES)}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Visit:
    """A page in its own browser profile, and the errors that occurred on it."""

    def __init__(self, page: Page, profile: BrowserContext) -> None:
        self.page = page
        self.profile = profile
        self.wrongs: list[str] = []
        page.on("pageerror", lambda error: self.wrongs.append(str(error)))
        page.on("dialog", lambda dialog: self.wrongs.append(f"dialog: {dialog.message}"))
        page.on(
            "console",
            lambda line: self.wrongs.append(line.text) if line.type == "error" else None,
        )

    def ignore_errors(self, text: str) -> None:
        """Forget what went wrong as it had to."""
        self.wrongs = [wrong for wrong in self.wrongs if text not in wrong]


@asynccontextmanager
async def visit(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, *, touch: bool = False
) -> AsyncIterator[Visit]:
    """Open a page; fail at the end if any error occurred on it."""
    profile = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=touch, locale="en-GB"
    )
    profile.set_default_timeout(_PATIENCE)
    try:
        visited = Visit(await profile.new_page(), profile)
        await visited.page.goto(url)
        yield visited
        assert visited.wrongs == [], visited.wrongs
    finally:
        await profile.close()
