"""The demo without a key: a change that is wished for is answered plainly, and the wish is kept."""

from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.support.demo_playground import open_playground

pytestmark = pytest.mark.slow


async def test_without_a_model_a_wish_is_kept_and_shown_with_who_wants_it(tmp_path: Path) -> None:
    async with open_playground(tmp_path, choose("dice-top-face", None)) as play:
        said = await play.alice.person.say("dev", "add a /coinflip command")
        told = await play.alice.wait_for_reply("dev", said)
        assert "To write changes I need a model" in told
        assert "ANTHROPIC_API_KEY" in told
        asked = await play.bob.run("dev", "change", what="could we have a coinflip command?")
        assert "2 people" in asked
        shown = await play.alice.run("dev", "capabilities")
        assert "2 people: “add a /coinflip command”" in shown
        assert "dice: `/roll`" in shown
        assert "offline" in shown
        await play.alice.check_wording()
