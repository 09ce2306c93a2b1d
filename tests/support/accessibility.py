"""axe-core, Deque's accessibility checker, on a page in a browser."""

from importlib.resources import files

from playwright.async_api import Page

# Colours change over some frames, also where motion is not wanted: until what ends has ended.
_DRAWN = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  const ending = document.getAnimations().filter(
    (each) => Number.isFinite(each.effect.getComputedTiming().endTime));
  await Promise.allSettled(ending.map((each) => each.finished));
  await frame();
}"""
_CHECK = "axe.run(document, { resultTypes: ['violations'] })"


async def list_serious_violations(page: Page) -> list[str]:
    """Return what axe calls serious or critical: its rule, and the first element.

    What it finds it has to find twice: on a busy machine a frame may show a theme half changed.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    return await _find_violations(page) and await _find_violations(page)


async def _find_violations(page: Page) -> list[str]:
    await page.evaluate(_DRAWN)
    found = (await page.evaluate(_CHECK))["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
