"""A command that somebody wants: the real program, a scripted model, this repository's bot."""

from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.support.casts import KEY
from tests.support.demo_world import playground
from tests.support.page_reader import buttons, text_of
from tests.support.wanted import FLAGGED, FLAGGED_COG, STORY, WORDS, story
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
            proposal = await play.alice.proposal(thread, timeout=400)
            assert "3 examples: red before, green now" in text_of(proposal)
            await play.alice.person.say(thread, "ship it")
            await play.alice.live(thread)
            done = await play.alice.person.run("dev", "coinflip", times=3)
            assert done["message"]["content"].startswith("3 flips: ")
            await play.alice.reads_well()


async def test_behind_a_flag_it_is_live_and_off_until_somebody_switches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    async with ScriptedModel(story(FLAGGED, FLAGGED_COG)) as model:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        async with playground(tmp_path / "home", choose("dice-top-face", None)) as play:
            person = play.alice.person
            thread = await play.alice.ask(WORDS)
            card = await play.alice.said(thread, "This is what I understand", timeout=240)
            assert "Ships behind the flag `coinflip`: off until `/flags set`" in text_of(card)
            await person.say(thread, "go ahead")
            proposal = await play.alice.proposal(thread, timeout=400)
            assert "with the flag `coinflip` off nothing of it is there" in text_of(proposal)
            await person.say(thread, "ship it")
            await play.alice.live(thread)
            await play.alice.said(thread, "`/flags set name:coinflip to:dev` has it on", timeout=60)
            off = await person.run("dev", "coinflip", times=3)
            assert off["message"]["content"] == "There is no coin here yet."
            switched = await person.run("dev", "flags set", name="coinflip", to="dev")
            shown = await person.wait_for(
                "dev",
                lambda m: m["id"] == switched["message"]["id"] and bool(m["content"]),
            )
            assert shown["content"].startswith("`coinflip` is on in the dev channel from now on.")
            on = await person.run("dev", "coinflip", times=3)
            assert on["message"]["content"].startswith("3 flips: ")
            elsewhere = await person.run("general", "coinflip", times=3)
            assert elsewhere["message"]["content"] == "There is no coin here yet."
            await play.alice.reads_well()
