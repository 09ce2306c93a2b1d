"""A command that somebody wants: the real program, a scripted model, this repository's bot."""

from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.support.casts import KEY
from tests.support.demo_world import playground
from tests.support.page_reader import buttons, text_of
from tests.support.wanted import STORY, WORDS
from tests.twins.model import ScriptedModel

pytestmark = pytest.mark.slow


async def test_a_command_is_understood_agreed_to_written_proven_and_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    async with ScriptedModel(STORY) as model:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        async with playground(tmp_path / "home", choose("dice-top-face", None)) as play:
            thread = await play.alice.ask(WORDS)
            card = await play.alice.said(thread, "This is what I understand", timeout=180)
            assert "heads or tails" in text_of(card)
            assert list(buttons(card)) == ["Go ahead", "Change it", "Cancel"]
            assert not model.asked("executor")
            await play.alice.person.say(thread, "go ahead")
            proposal = await play.alice.proposal(thread, timeout=240)
            assert "3 examples: red before, green now" in text_of(proposal)
            await play.alice.person.say(thread, "ship it")
            await play.alice.live(thread)
            done = await play.alice.person.run("dev", "coinflip", times=3)
            assert done["message"]["content"].startswith("3 flips: ")
            await play.alice.reads_well()
