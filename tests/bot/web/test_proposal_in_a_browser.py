"""A proposal's page in a real browser: for everybody, on a phone, and without scripts."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, expect
from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.records import PlayDifference

from bot.domain.run import Run, Status
from tests.support.accessibility import list_serious_violations
from tests.support.agent_harness import ALICE, AgentHarness
from tests.support.browser import DESKTOP, launch_chromium
from tests.support.proposal_visit import ProposalVisit, Visitor, open_visit

pytestmark = [pytest.mark.slow]

SIZES = (DESKTOP, (390, 844))


async def open_profile(
    browser: Browser, visitor: Visitor, size: tuple[int, int], *, scripts: bool
) -> BrowserContext:
    """Return a browser's profile in which the visitor is logged in."""
    profile = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts
    )
    await profile.add_cookies(
        [
            {"name": cookie.key, "value": cookie.value, "url": visitor.url}
            for cookie in visitor.http.cookie_jar
        ]
    )
    return profile


async def add_behaviour(harness: AgentHarness, run: Run) -> None:
    """Add an answer that changes to the verdict."""
    verdict = (await harness.store.get_history(run.id)).verdict
    assert verdict is not None
    difference = PlayDifference(
        step=0, before=("Something went wrong; I wrote it down.",), after=("You rolled a “f”.",)
    )
    change = AnswerChange(script=0, asked="/roll value:6", is_fixed=True, difference=difference)
    shown = BehaviourDiff(answers=61, changed=1, changes=(change,))
    await harness.store.append(run.id, verdict.replace(behaviour=shown))


async def check_page(browser: Browser, visitor: Visitor) -> None:
    """Check the page with axe in both themes at both sizes, also that it is not too wide."""
    for size in SIZES:
        profile = await open_profile(browser, visitor, size, scripts=True)
        page = await profile.new_page()
        await page.goto(f"{visitor.url}{visitor.path}?file=1&line=8")
        for theme in ("dark", "light"):
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert await list_serious_violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await profile.close()


async def approve_without_scripts(browser: Browser, visitor: Visitor, picture: Path) -> None:
    """Tick the file and approve, with forms alone."""
    profile = await open_profile(browser, visitor, (1440, 900), scripts=False)
    page = await profile.new_page()
    await page.goto(visitor.url + visitor.path)
    await page.screenshot(path=str(picture))
    await page.get_by_role("button", name="Mark as viewed: cogs/dice.py").click()
    await expect(
        page.get_by_role("button", name="Mark as not viewed: cogs/dice.py")
    ).to_be_visible()
    await page.get_by_role("button", name="Approve and ship").click()
    await expect(page.get_by_text("Approved by alice.")).to_be_visible()
    await profile.close()


async def test_a_person_reads_ticks_and_approves_at_any_size_and_without_scripts(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path)
    async with harness.run_agent() as agent, launch_chromium() as browser:
        run = await harness.propose_fix(agent)
        await add_behaviour(harness, run)
        visit: ProposalVisit
        async with open_visit(harness, agent, run) as visit, visit.open_browser(ALICE) as visitor:
            await check_page(browser, visitor)
            await approve_without_scripts(browser, visitor, tmp_path / "proposal.png")
        assert (await harness.wait_until_ended(run.id)).status is Status.DONE
