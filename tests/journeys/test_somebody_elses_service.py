"""A service has the bot wait, and a commit made an error of that: asked about, changed, shipped."""

from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.support.demo_world import playground
from tests.support.page_reader import buttons, text_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


async def test_what_is_ours_to_do_about_a_rate_limit_is_done(tmp_path: Path) -> None:
    fault = choose("quotes-rate-limit", None)
    async with playground(tmp_path, fault) as play:
        alice = play.alice
        assert any(f"failed with {fault.error}" in said for said in await play.meet())
        thread = await alice.ask(fault.complaint)
        question = await alice.person.wait_for(
            thread, lambda m: m["content"].startswith("❓"), timeout=60
        )
        assert "has us wait (HTTP 429)" in text_of(question)
        assert "`Retry-After`" in text_of(question)
        assert set(buttons(question)) == {"Change our side", "Leave it"}
        await alice.press(thread, question, "Change our side")
        card = await alice.proposal(thread, timeout=240)
        assert fault.file in text_of(card)
        await alice.person.say(thread, "nice, ship it", reply_to=card)
        await alice.live(thread)
        answers = await play.meet()
        assert not any("failed with" in said for said in answers)
        assert any("wants a break. Try again in 30 s." in said for said in answers)
        await alice.reads_well()
    mended = (tmp_path / "checkout" / fault.file).read_text(encoding="utf-8")
    assert "raise_for_status=True" not in mended
