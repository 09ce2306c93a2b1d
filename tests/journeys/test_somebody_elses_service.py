"""A service has the bot wait, and a commit made an error of that: asked about, changed, shipped."""

from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.support.demo_playground import open_playground
from tests.support.page_reader import get_buttons, get_text
from tests.support.parameter_choice import EXHAUSTIVE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@EXHAUSTIVE
async def test_what_is_ours_to_do_about_a_rate_limit_is_done(tmp_path: Path) -> None:
    fault = choose("quotes-rate-limit", None)
    async with open_playground(tmp_path, fault) as play:
        alice = play.alice
        assert any(f"failed with {fault.error}" in said for said in await play.trigger_fault())
        thread = await alice.ask(fault.report)
        question = await alice.person.wait_for(
            thread, lambda m: m["content"].startswith("❓"), timeout=60
        )
        assert "has us wait (HTTP 429)" in get_text(question)
        assert "`Retry-After`" in get_text(question)
        assert set(get_buttons(question)) == {"Change our side", "Leave it", "Later", "Ignore"}
        await alice.press(thread, question, "Change our side")
        card = await alice.wait_for_proposal(thread, timeout=240)
        assert fault.file in get_text(card)
        await alice.person.say(thread, "nice, ship it", reply_to=card)
        await alice.wait_until_live(thread)
        answers = await play.trigger_fault()
        assert not any("failed with" in said for said in answers)
        assert any("wants a break. Try again in 30 s." in said for said in answers)
        await alice.check_wording()
    mended = (tmp_path / "checkout" / fault.file).read_text(encoding="utf-8")
    assert "raise_for_status=True" not in mended
