"""Two presses of one button at once fail: played again together, mended, and shipped."""

from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.support.demo_playground import open_playground
from tests.support.page_reader import get_text

pytestmark = pytest.mark.slow


@pytest.mark.exhaustive
async def test_what_fails_only_at_once_is_played_so_and_mended(tmp_path: Path) -> None:
    fault = choose("polls-two-presses", None)
    async with open_playground(tmp_path, fault) as play:
        alice = play.alice
        assert any(f"failed with {fault.error}" in said for said in await play.trigger_fault())
        thread = await alice.ask(fault.report)
        card = await alice.wait_for_proposal(thread, timeout=240)
        said = get_text(card)
        assert "presses “Pizza” | " in said
        assert fault.file in said
        await alice.person.say(thread, "nice, ship it", reply_to=card)
        await alice.wait_until_live(thread)
        assert not any("failed with" in said for said in await play.trigger_fault())
        await alice.check_wording()
    mended = (tmp_path / "checkout" / fault.file).read_text(encoding="utf-8")
    assert "_chosen.pop(interaction.user.id)" not in mended
