"""The page of an incident in a real browser: a login through Discord, decisions, for everybody."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.bot.web.test_incident_pages import open_visit
from tests.support.accessibility import list_serious_violations
from tests.support.agent_harness import DORA
from tests.support.browser import launch_chromium
from tests.support.browser import visit as open_page

pytestmark = pytest.mark.slow

NARROW = (390, 844)
WIDTH = "document.documentElement.scrollWidth - innerWidth"


async def test_a_person_logs_in_decides_and_writes_with_a_keyboard_or_on_a_phone(
    tmp_path: Path,
) -> None:
    async with (
        open_visit(tmp_path, failures=30) as opened,
        launch_chromium() as browser,
        open_page(browser, f"{opened.client.url}/login", NARROW) as visited,
    ):
        page, url = visited.page, opened.client.url + opened.path

        async def agree(route: Route) -> None:
            """Do as Discord does once its person has agreed."""
            back = opened.provider.build_return_url(route.request.url, DORA.id)
            await route.fulfill(status=302, headers={"Location": back})

        await page.route(re.compile("https://login.example/.*"), agree)
        await page.get_by_role("link", name="Log in with Discord").click()
        await expect(page.get_by_role("link", name="dora")).to_be_visible()
        await page.goto(url)
        await page.get_by_label("Ignore it", exact=True).select_option("until it happens 100 times")
        await page.get_by_role("button", name="Ignore").click()
        await expect(page.get_by_text("Ignored by dora until it has")).to_be_visible()
        await page.get_by_role("button", name="Assign").press("Enter")
        await expect(page.get_by_text("looked after by dora")).to_be_visible()
        await page.get_by_label("Comment, for people").fill("The dice have no <b>faces</b>.")
        opened.client.server.feed.add("incident", {"id": "x"})
        await page.get_by_role("button", name="Comment").click()
        await expect(page.get_by_text("The dice have no <b>faces</b>.")).to_be_visible()
        await expect(page.get_by_text("▶").last).to_be_visible()
        for theme in ("dark", "light"):
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert await list_serious_violations(page) == []
        assert await page.evaluate(WIDTH) <= 0
        await page.set_viewport_size({"width": 1280, "height": 1000})
        assert await page.evaluate(WIDTH) <= 0
