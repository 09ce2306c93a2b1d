"""What can be replayed and what a replay reports: real discord.py in the sandbox."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.records import (
    Actor,
    AutocompleteStep,
    CommandStep,
    MenuStep,
    PlayedStep,
    PressStep,
    ReactStep,
    ReloadStep,
    RestartStep,
    SayStep,
    Script,
    ScriptStep,
    ScriptWorld,
    SubmitStep,
    TogetherStep,
    Transcript,
    WaitStep,
    WebAnswer,
)
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_cogs import DISPLAY_COG, TIMED_COG
from tests.support.sample_tree import make_tree

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tree(tmp_path_factory.mktemp("played"), {"shown": DISPLAY_COG, "timed": TIMED_COG})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def player(tree: Path) -> AsyncIterator[ScriptRunner]:
    async with SandboxedRehearsal(choose_local_sandbox()).open(tree) as opened:
        yield opened


async def play(player: ScriptRunner, *steps: ScriptStep, **world: Any) -> Transcript:
    """Replay steps in a world with both cogs, or with the named ones."""
    script = Script(world=ScriptWorld(**{"cogs": ("shown", "timed"), **world}), steps=steps)
    played = await player.run(script)
    assert played.trouble == ""
    return played


def run(command: str, **options: Any) -> CommandStep:
    return CommandStep(command=command, options=options)


def lines(step: PlayedStep) -> list[str]:
    """Return the events of a step, one per line."""
    return [
        " ".join(
            filter(
                None,
                (
                    each.kind,
                    each.channel,
                    each.to and f"to {each.to}",
                    each.message,
                    each.text,
                    *each.parts,
                ),
            )
        )
        for each in step.seen
    ]


def said(played: Transcript) -> list[str]:
    return [each.text for step in played.steps for each in step.seen]


async def test_a_card_is_pressed_and_its_form_submitted_by_what_people_read(
    player: ScriptRunner,
) -> None:
    played = await play(
        player,
        run("card"),
        PressStep(by="bob", press="Tell"),
        SubmitStep(by="bob", submit={"Reason": "it crashes"}),
        PressStep(press="Colour", values=("Blue",)),
    )
    assert [lines(step) for step in played.steps] == [
        ["message dev m1 look A card of #dev [Tell] [Colour: Red | Blue]"],
        ["form dev to bob What is wrong? Reason:"],
        ["message dev m2 @bob: it crashes"],
        ["edit dev m1 chosen: b A card of #dev [Tell] [Colour: Red | Blue]"],
    ]


async def test_options_name_people_channels_roles_and_files(player: ScriptRunner) -> None:
    people = (
        Actor(name="alice", permissions=("manage_messages",)),
        Actor(name="bob", roles=("crew",)),
    )
    step = CommandStep(
        command="about",
        options={"who": "@bob", "where": "#general", "role": "@&crew", "file": "a.txt"},
        files={"a.txt": base64.b64encode(b"inside").decode()},
    )
    played = await play(player, step, people=people)
    assert lines(played.steps[0]) == ["message dev to alice m1 @bob #general @&crew inside True"]


async def test_choices_menus_and_permissions_are_those_of_discord(player: ScriptRunner) -> None:
    played = await play(
        player,
        AutocompleteStep(autocomplete="pick", options={"fruit": "p"}, focused="fruit"),
        SayStep(by="bob", say="psst"),
        MenuStep(menu="Shout", on="m1"),
        run("moderate"),
    )
    assert lines(played.steps[0]) == ["choices dev to alice apple pear"]
    assert lines(played.steps[2]) == ["message dev m2 PSST"]
    assert "there is no 'moderate' here" in played.steps[3].refused
    assert not played.has_failed


async def test_threads_reactions_private_words_and_files_are_seen(player: ScriptRunner) -> None:
    played = await play(player, SayStep(say="talk"), ReactStep(by="bob", on="m1", react="🎉"))
    thread, here, ship, private, there = lines(played.steps[0])
    assert thread == "thread dev about it"
    assert here == "message about it m2 here"
    assert ship == "reaction dev m1 🚢"
    assert private == "message dm to alice m3 in private"
    assert there.startswith("message dev m4 there in reply to m1 cog.py (")
    assert lines(played.steps[1]) == ["message dev m5 bob 🎉"]


async def test_somebody_without_an_answer_is_told_so_and_late_ones_are_none(
    player: ScriptRunner,
) -> None:
    played = await play(
        player, run("silent"), run("slow", seconds=2), run("slow", seconds=5), cogs=("timed",)
    )
    silent, in_time, late = played.steps
    assert "`/silent` ended without an answer" in lines(silent)[0]
    assert [each.error for each in silent.errors] == [
        "theseus_observe.failures.no_response.NoResponse"
    ]
    assert not in_time.unanswered
    assert "notice dev to alice The application did not respond" in lines(late)
    assert late.unanswered
    assert [each.error for each in late.errors] == []  # it comes later than the person waits
    assert played.has_failed


async def test_commands_are_typed_with_a_prefix_that_a_cog_of_another_bot_set(
    player: ScriptRunner,
) -> None:
    typed = (SayStep(say="!half 8"), SayStep(say="!half of it"))
    heard = await play(player, *typed, cogs=("timed",), prefixes=("!",))
    assert lines(heard.steps[0]) == ["message dev m2 half is 4.0"]
    (error,) = heard.steps[1].errors
    assert (error.event, error.error) == ("command.half", "ValueError")
    unheard = await play(player, *typed, cogs=("timed",))
    assert [each.seen for each in unheard.steps] == [(), ()]


async def test_time_that_is_slept_away_without_await_is_gone_for_everybody(
    player: ScriptRunner,
) -> None:
    played = await play(player, run("slow", seconds=4, block=True), run("now"))
    assert played.steps[0].unanswered
    (error,) = played.steps[0].errors
    assert error.error == "theseus_observe.failures.delays.AnsweredTooLate"
    assert said(played)[-1] == "12:00:04"


async def test_a_deferred_answer_is_waited_for_as_long_as_discord_takes_it(
    player: ScriptRunner,
) -> None:
    played = await play(player, run("think", seconds=600), run("now"), run("think", seconds=1000))
    assert lines(played.steps[0]) == ["message dev m1 thought"]
    assert lines(played.steps[1]) == ["message dev m2 12:10:00"]
    assert played.steps[2].unanswered


async def test_all_clocks_show_the_scripts_time_and_timers_fall_due_in_it(
    player: ScriptRunner,
) -> None:
    starts = datetime(2030, 5, 1, 8, tzinfo=UTC)
    played = await play(
        player, run("now"), run("card"), WaitStep(wait=3700), run("now"), starts=starts
    )
    assert said(played) == ["08:00:00", "look", "too late", "tick", "09:01:40"]


async def test_the_same_seed_has_the_same_luck(player: ScriptRunner) -> None:
    first, again = [await play(player, run("luck"), seed=7) for _ in range(2)]
    other = await play(player, run("luck"), seed=8)
    assert first == again
    assert said(other) != said(first)


async def test_files_last_through_a_restart_and_are_told_as_digests(player: ScriptRunner) -> None:
    files = {"count.txt": base64.b64encode(b"5").decode()}
    played = await play(
        player,
        run("files"),
        RestartStep(restart=True, away=60),
        run("files"),
        run("now"),
        files=files,
    )
    assert said(played) == ["5", "6", "12:01:00"]
    assert list(played.files) == ["count.txt"]


async def test_a_reload_takes_the_cog_as_it_is_then(player: ScriptRunner, tree: Path) -> None:
    played = await play(player, run("take"), run("take"), ReloadStep(reload="timed"), run("take"))
    assert said(played) == ["for alice", "gone", "for alice"]


async def test_who_is_answered_first_is_the_scripts_choice(player: ScriptRunner) -> None:
    both = (CommandStep(command="take"), CommandStep(by="bob", command="take"))
    first = await play(player, TogetherStep(together=both))
    second = await play(player, TogetherStep(together=both, order=(1, 0)))
    assert said(first) == ["for alice", "twice"]
    assert said(second) == ["for bob", "twice"]


async def test_the_web_answers_as_the_world_says_and_what_it_lacks_is_named(
    player: ScriptRunner,
) -> None:
    def answer(path: str, **about: Any) -> WebAnswer:
        return WebAnswer(url=f"https://api.example/{path}?q=1", method="POST", **about)

    headers = {"Content-Type": "application/json", "X-Left": "3"}
    web = (
        answer("a", body='{"n": 1}', headers=headers),
        answer("a", status=429, body="{}", headers=headers),
        answer("b", error="timeout"),
        answer("c", error="refused"),
    )
    asked = [run("ask", path=path) for path in "aabcd"]
    played = await play(player, *asked, web=web)
    assert said(played)[:2] == ["200 3 {'n': 1}", "429 3 {}"]
    assert played.steps[2].unanswered  # the test must not take 5 minutes
    assert said(played)[3:] == ["ClientConnectorError", "ClientConnectorDNSError"]
    assert [step.wanted for step in played.steps[3:]] == [(), ("POST https://api.example/d?q=1",)]


async def test_refusals_are_told_in_plain_words(player: ScriptRunner) -> None:
    played = await play(
        player,
        run("nothing"),
        PressStep(press="Nowhere"),
        SubmitStep(submit={"a": "b"}),
        SayStep(by="carol", say="hi"),
        ReactStep(on="m9", react="🎉"),
        run("think", seconds="many"),
    )
    refusals = [step.refused for step in played.steps]
    assert all(refusals)
    assert not any("/local" in refusal for refusal in refusals)
    assert refusals[1] == "#dev has no component called 'Nowhere'"


async def test_commands_and_the_start_are_told(player: ScriptRunner) -> None:
    played = await play(player, cogs=("shown",))
    assert played.commands == ("Shout", "about", "card", "moderate", "pick")
    assert played.started is not None
    assert not played.started.errors
