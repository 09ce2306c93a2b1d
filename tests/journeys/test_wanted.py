"""A command that somebody wants: the real program, a scripted model, this repository's bot."""

from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.support.casts import KEY
from tests.support.coinflip_request import FLAGGED, FLAGGED_COG, REQUEST, STORY, build_story
from tests.support.demo_playground import open_playground
from tests.support.page_reader import get_buttons, get_text
from tests.twins.model import ScriptedModel

pytestmark = pytest.mark.slow


@pytest.mark.exhaustive
async def test_a_command_is_understood_agreed_to_written_proven_and_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    async with ScriptedModel(STORY) as model:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        async with open_playground(tmp_path / "home", choose("dice-top-face", None)) as play:
            thread = await play.alice.ask(REQUEST)
            card = await play.alice.wait_for_text(thread, "This is what I understand", timeout=180)
            assert "heads or tails" in get_text(card)
            assert list(get_buttons(card)) == ["Go ahead", "Change it", "Cancel", "Later", "Ignore"]
            assert not model.list_requests("executor")
            await play.alice.person.say(thread, "go ahead")
            proposal = await play.alice.wait_for_proposal(thread, timeout=400)
            assert "3 examples: failing before, passing now" in get_text(proposal)
            await play.alice.person.say(thread, "ship it")
            await play.alice.wait_until_live(thread)
            done = await play.alice.person.run("dev", "coinflip", times=3)
            assert done["message"]["content"].startswith("3 flips: ")
            await play.alice.check_wording()


@pytest.mark.exhaustive
async def test_behind_a_flag_it_is_live_and_off_until_somebody_switches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    async with ScriptedModel(build_story(FLAGGED, FLAGGED_COG)) as model:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        async with open_playground(tmp_path / "home", choose("dice-top-face", None)) as play:
            person = play.alice.person
            thread = await play.alice.ask(REQUEST)
            card = await play.alice.wait_for_text(thread, "This is what I understand", timeout=240)
            assert "Ships behind the flag `coinflip`: off until `/flags set`" in get_text(card)
            await person.say(thread, "go ahead")
            proposal = await play.alice.wait_for_proposal(thread, timeout=400)
            assert "with the flag `coinflip` off, nothing changes" in get_text(proposal)
            await person.say(thread, "ship it")
            await play.alice.wait_until_live(thread)
            await play.alice.wait_for_text(
                thread, "`/flags set name:coinflip to:dev` turns it on", timeout=60
            )
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
            await play.alice.check_wording()
