"""The dashboard in a real browser: for everybody, in both themes, on a phone, without a mouse."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.domain.run import Status
from tests.bot.web.web_server import TOKEN, HttpClient
from tests.support.accessibility import list_serious_violations
from tests.support.browser import DESKTOP, launch_chromium, visit
from tests.support.dashboard_harness import DashboardHarness, open_dashboard
from tests.support.dashboard_pages import PAGES

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

NARROW = (390, 844)
LOOKS: tuple[tuple[tuple[int, int], Literal["dark", "light"]], ...] = (
    (DESKTOP, "dark"),
    (NARROW, "light"),
)
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, summary")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.type !== "hidden")
  .map((each, number) => { each.dataset.number = number; }).length"""
FOCUSED = """() => {
  const each = document.activeElement;
  if (!each?.dataset.number) return "";
  return getComputedStyle(each).outlineStyle === "none" ? "no outline" : each.dataset.number;
}"""
STANDS = "document.querySelector('#diff').getBoundingClientRect().top"


class Dashboard(NamedTuple):
    world: DashboardHarness
    client: HttpClient
    browser: Browser

    @property
    def url(self) -> str:
        return self.client.url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dashboard(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Dashboard]:
    folder: Path = tmp_path_factory.mktemp("state")
    async with (
        open_dashboard(folder) as world,
        world.room.serving() as client,
        launch_chromium() as browser,
    ):
        yield Dashboard(world, client, browser)


async def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    wider: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wider


async def test_axe_finds_nothing_serious_on_any_page_at_either_size_and_in_either_theme(
    dashboard: Dashboard,
) -> None:
    found: dict[str, object] = {}
    # Contrast depends on the theme and layout on the size, so each is looked at once.
    for size, theme in LOOKS:
        async with visit(dashboard.browser, dashboard.url, size) as visited:
            page = visited.page
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            await page.goto(f"{dashboard.url}/journal?outcome=failed")
            record = await page.locator("td[data-head=When] a").first.get_attribute("href")
            for path in (*PAGES, record or ""):
                await page.goto(dashboard.url + path)
                if wrong := await list_serious_violations(page):
                    found[f"{path}, {theme}, {size[0]}"] = wrong
                if wider := await sideways(page):
                    found[f"{path}, {size[0]}"] = f"{wider} px too wide"
    assert found == {}


async def test_the_way_in_and_errors_are_for_everybody_too(dashboard: Dashboard) -> None:
    async with (
        dashboard.world.room.serving(token=TOKEN) as client,
        visit(dashboard.browser, client.url + "/login", NARROW) as visited,
    ):
        page = visited.page
        assert await list_serious_violations(page) == []
        await page.get_by_label("Token").fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("That token is wrong.")).to_be_visible()
        await page.get_by_label("Token").fill(TOKEN)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        await page.goto(client.url + "/versions/skill/writing-a-cog")
        await expect(page.get_by_role("button", name="Roll back to version 1")).to_be_visible()
        assert await list_serious_violations(page) == []
        visited.ignore_errors("403")
        await page.goto(client.url + "/runs/nobody")
        await expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
        assert await list_serious_violations(page) == []
        visited.ignore_errors("404")


async def test_a_stranger_learns_why_how_who_what_and_whether_in_three_clicks(
    dashboard: Dashboard,
) -> None:
    """Who starts at the overview, or has no idea but a command's name."""
    async with visit(dashboard.browser, dashboard.url) as visited:
        page = visited.page
        await page.get_by_role("link", name="7 days").click()
        live = page.locator("section", has=page.get_by_role("heading", name="Went live in 7 days"))
        await live.get_by_role("link", name="/roll").first.click()
        await check_answers(page)
        await page.goto(dashboard.url)
        await page.keyboard.press("Control+k")
        await page.keyboard.type("roll")
        await page.keyboard.press("Enter")
        found = page.locator("section", has=page.get_by_role("heading", name="Runs", exact=True))
        await found.get_by_role("link", name="/roll 2d20 keeps the lower one").first.click()
        await check_answers(page)


async def check_answers(page: Page) -> None:
    """Check that the first screen of a run's page has all five answers."""
    short = page.locator("section", has=page.get_by_role("heading", name="In short"))
    for question in ("Why it failed", "Fixed by", "Approved by", "What it cost", "Did it hold"):
        answer = short.locator("div", has_text=question).locator("dd")
        await expect(answer).to_be_in_viewport()
        await expect(answer).not_to_be_empty()


async def test_a_chart_is_drawn_from_its_table_which_stays_for_who_wants_to_read_it(
    dashboard: Dashboard,
) -> None:
    async with visit(dashboard.browser, f"{dashboard.url}/?span=30d") as visited:
        page = visited.page
        await expect(page.locator("figure.chart canvas")).to_have_count(4)
        spending = page.locator("#spending-chart")
        await expect(spending.get_by_role("table")).to_be_hidden()
        await spending.get_by_text("As a table").focus()
        await page.keyboard.press("Enter")
        await expect(spending.get_by_role("columnheader", name="Planning")).to_be_visible()
        assert await spending.get_by_role("row").count() > 20


async def test_a_time_that_is_chosen_on_one_chart_is_shown_on_all(dashboard: Dashboard) -> None:
    async with visit(dashboard.browser, f"{dashboard.url}/?span=30d") as visited:
        page, zoomed = visited.page, visited.page.locator("#zoomed")
        plot = page.locator("#outcomes-chart .u-over")
        await plot.scroll_into_view_if_needed()
        box = await plot.bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + 100, box["y"] + 50)
        await page.mouse.down()
        await page.mouse.move(box["x"] + 200, box["y"] + 60, steps=3)
        await page.mouse.up()
        await expect(zoomed).to_contain_text("\N{EN DASH}")
        chosen = await zoomed.text_content()
        await page.get_by_role("button", name="Zoom in").focus()
        await page.keyboard.press("Enter")
        await expect(zoomed).not_to_have_text(chosen or "")
        await page.get_by_role("button", name="Whole time").press("Enter")
        await expect(zoomed).to_have_text("")
        await plot.hover()
        other = page.locator("#spending-chart .u-legend tr").first
        await expect(other.locator(".u-value")).to_be_visible()
        await expect(other.locator(".u-value")).not_to_have_text("\N{EN DASH}")


async def test_times_and_numbers_are_the_readers_own_and_a_print_is_whole(
    dashboard: Dashboard,
) -> None:
    profile = await dashboard.browser.new_context(locale="de-DE", timezone_id="Asia/Tokyo")
    page = await profile.new_page()
    await page.goto(f"{dashboard.url}/journal?outcome=failed")
    at = page.locator("td time").first
    stamp = await at.get_attribute("datetime")
    expected = await page.evaluate(
        "at => new Intl.DateTimeFormat('de-DE', {dateStyle: 'medium', timeStyle: 'short', "
        "timeZone: 'Asia/Tokyo'}).format(new Date(at))",
        stamp,
    )
    await expect(at).to_have_text(expected)
    await page.goto(f"{dashboard.url}/?span=30d")
    await expect(page.locator("#spending-data data").first).to_have_text(re.compile(r"\$\d+,\d\d"))
    cost = page.locator(".tile", has_text="Cost of a change").locator("strong")
    await expect(cost).to_have_text(re.compile(r"\$\d+,\d\d"))
    await page.evaluate("dispatchEvent(new Event('renewed'))")
    await expect(cost).to_have_text(re.compile(r"\$\d+,\d\d"))
    await page.goto(f"{dashboard.url}/incidents/i00000")
    await page.emulate_media(media="print")
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await expect(page.locator("header")).to_be_hidden()
    await expect(page.get_by_text("dice are broken")).to_be_visible()
    assert await page.locator("details:not([open])").count() == 0
    await profile.close()


async def test_every_link_field_and_button_of_a_page_is_reached_with_the_keyboard(
    dashboard: Dashboard,
) -> None:
    async with visit(dashboard.browser, dashboard.url) as visited:
        page = visited.page
        for path in (
            "/",
            "/search?q=dice",
            "/growth",
            "/incidents/i00000",
        ):
            await page.goto(dashboard.url + path)
            wanted = await page.evaluate(REACHABLE)
            reached = set()
            for _ in range(wanted + 20):
                await page.keyboard.press("Tab")
                reached.add(await page.evaluate(FOCUSED))
            assert "no outline" not in reached, path
            assert len(reached - {""}) >= wanted, path


async def test_without_scripts_every_figure_is_a_table(dashboard: Dashboard) -> None:
    profile = await dashboard.browser.new_context(java_script_enabled=False)
    page = await profile.new_page()
    await page.goto(dashboard.url)
    await expect(page.get_by_role("columnheader", name="Went live")).to_be_visible()
    await expect(page.locator("canvas")).to_have_count(0)
    await expect(page.get_by_role("button", name="Dark theme")).to_have_count(0)
    await page.get_by_role("link", name="Runs", exact=True).click()
    await page.get_by_label("Which").select_option("waiting")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_text("Waiting for “ship it”")).to_be_visible()
    await profile.close()


async def test_what_happens_is_shown_in_place(dashboard: Dashboard) -> None:
    """What somebody opened, where they are and what they look at: all stay."""
    store = dashboard.world.room.services.store
    async with visit(dashboard.browser, f"{dashboard.url}/runs/r00000") as visited:
        page = visited.page
        await page.get_by_text("Full diff").click()
        await page.evaluate("window.same = document.querySelector('#diff')")
        await page.evaluate("document.querySelector('#diff').scrollIntoView()")
        stood = await page.evaluate(STANDS)
        await page.get_by_role("link", name="Runs", exact=True).focus()
        run = await store.get("r00000")
        await store.save(
            run.replace(activity="", status=Status.CANCELLED, waiting=None, reason="Off.")
        )
        dashboard.client.server.feed.add("run", {"id": "r00000"})
        await expect(page.locator("#reason")).to_have_text("Off.")
        assert await page.evaluate("window.same === document.querySelector('#diff')")
        await expect(page.locator("#diff")).to_have_attribute("open", "")
        await expect(page.get_by_role("link", name="Runs", exact=True)).to_be_focused()
        assert abs(await page.evaluate(STANDS) - stood) <= 1


async def test_what_somebody_types_stays_while_the_list_changes(dashboard: Dashboard) -> None:
    async with visit(dashboard.browser, f"{dashboard.url}/runs") as visited:
        page, field = visited.page, visited.page.get_by_label("Text or run id")
        await field.fill("half a wo")
        asked = page.expect_response(lambda answer: answer.url.endswith("/runs"))
        async with asked:
            dashboard.client.server.feed.add("run", {"id": "r00001"})
        await page.evaluate("new Promise((done) => requestAnimationFrame(done))")
        await expect(field).to_have_value("half a wo")
        await expect(field).to_be_focused()


async def test_a_theme_that_was_chosen_stays_on_every_page(dashboard: Dashboard) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    async with visit(dashboard.browser, dashboard.url) as visited:
        page = visited.page
        await page.emulate_media(color_scheme="light")
        light = await page.evaluate(ground)
        await page.get_by_role("button", name="Dark theme").click()
        assert await page.evaluate(ground) != light
        await page.goto(f"{dashboard.url}/audit")
        assert await page.evaluate(ground) != light
        await page.get_by_role("button", name="Light theme").click()
        assert await page.evaluate(ground) == light
        assert await page.context.cookies() == []


async def test_the_keyboard_reaches_the_content_at_once(dashboard: Dashboard) -> None:
    async with visit(dashboard.browser, dashboard.url) as visited:
        page = visited.page
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="24 hours", exact=True)).to_be_focused()
