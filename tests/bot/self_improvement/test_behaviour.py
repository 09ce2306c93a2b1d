"""A fix that changes other answers goes back to the engine, or people decide."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.behaviour import BehaviourDiff
from theseus_rehearsal.records import Actor, CommandStep, Script, Transcript

from bot.domain.change import Verdict
from bot.domain.errors import RehearsalError
from bot.domain.history import History
from bot.domain.posts import Post
from bot.domain.run import Run
from bot.domain.traffic import TrafficRecord
from bot.presentation.cards import render_proposal
from bot.self_improvement.checks.behaviour_check import BehaviourCheck, TrafficScripts
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_traffic import FakeTraffic
from tests.support.agent_harness import FIX, FIXED, AgentHarness
from tests.support.work_queues import make_pool

POLITE = {"cogs/dice.py": FIXED.replace("letter", "right letter")}


def answers(
    rude: Callable[[str], bool], otherwise: str = "go away"
) -> Callable[[Path, Script], Transcript]:
    """Return a cog that answers otherwise where its source is as `rude` says."""

    def answered(tree: Path, script: Script) -> Transcript:
        source = (tree / "cogs/dice.py").read_text(encoding="utf-8")
        return make_transcript(script, *[otherwise if rude(source) else "b"] * len(script.steps))

    return answered


def only_first(source: str) -> bool:
    """Return whether this is the first fix: base is friendly, and the better fix too."""
    return "value - 1" in source and "right letter" not in source


def any_fix(source: str) -> bool:
    return "value - 1" in source


def asked_before(
    world: AgentHarness,
    rude: Callable[[str], bool],
    *,
    asked: bool = True,
    refusal: str = "",
    otherwise: str = "go away",
) -> AgentHarness:
    """Record an earlier successful request for a face; `refusal` is why it cannot be replayed."""
    step = CommandStep(by="asker", channel="general", command="face", options={"value": 2})
    traffic = FakeTraffic()
    if asked:
        record = TrafficRecord(id="1" * 32, at=world.clock.now(), event="command.face",
                               cog="dice", step=step, people=(Actor(name="asker"),))  # fmt: skip
        traffic.records.append(record)
    refused = RehearsalError(refusal) if refusal else None
    rehearsal = FakeRehearsal(answers(rude, otherwise), refusal=refused)
    scripts = TrafficScripts(traffic, world.clock, lookback=timedelta(days=90))
    world.behaviour = BehaviourCheck(
        rehearsal, world.trees, scripts, world.clock, make_pool(world.trees, rehearsal)
    )
    return world


async def proposed(world: AgentHarness) -> tuple[Run, History, Post]:
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        history = await agent.get_history(run.id)
    return run, history, render_proposal(run, history)


def on_card(post: Post) -> str:
    assert post.card is not None
    return next(each.value for each in post.card.fields if each.name == "What changes for people")


def compared(history: History) -> BehaviourDiff:
    assert history.verdict is not None
    assert history.verdict.behaviour is not None
    return history.verdict.behaviour


async def test_a_fix_that_changes_no_other_answer_says_so_on_its_card(tmp_path: Path) -> None:
    world = asked_before(AgentHarness(tmp_path), lambda source: False)
    run, history, post = await proposed(world)
    assert run.round == 1
    assert compared(history).changed == 0
    assert on_card(post) == (
        "The failure no longer occurs. Everything else that was compared stays as it is: "
        f"0 of {compared(history).answers} answers change."
    )


async def test_a_changed_answer_that_the_engine_knows_and_keeps_costs_no_round(
    tmp_path: Path,
) -> None:
    world = asked_before(AgentHarness(tmp_path), any_fix)
    world.engine = FakeAgent(FIX, keeps_output=True)
    run, history, post = await proposed(world)
    assert (run.round, len(world.engine.asked)) == (1, 1)
    assert compared(history).unasked > 0
    assert "go away" in on_card(post)


async def test_a_changed_answer_goes_back_to_an_engine_that_follows_words(tmp_path: Path) -> None:
    world = asked_before(AgentHarness(tmp_path), only_first)
    world.engine = FakeAgent(FIX, POLITE)
    run, history, post = await proposed(world)
    assert run.round == 2
    feedback = world.engine.asked[1].feedback
    assert feedback is not None
    (finding,) = [each for each in feedback.findings if each.rule == "behaviour"]
    assert finding.blocking
    assert "asker: /face value:2” had “general: b”, now “general: go away”" in finding.message
    assert any("Round 1 does not hold" in text for text in world.list_texts(run))
    assert compared(history).changed == 0
    assert "stays as it is: 0 of " in on_card(post)


async def test_what_an_engine_leaves_stands_on_the_card_with_before_and_after(
    tmp_path: Path,
) -> None:
    world = asked_before(AgentHarness(tmp_path), any_fix)
    run, history, post = await proposed(world)
    assert len(world.engine.asked) == 2  # reported once; the engine made the same edit again
    assert run.round == 3
    assert compared(history).unasked == compared(history).changed > 0
    assert on_card(post).startswith("⚠️ ")
    assert "• asker: /face value:2: “general: b” → “general: go away”" in on_card(post)
    assert history.verdict is not None
    assert history.verdict.is_passing
    assert any("leaves the change as it is" in text for text in world.list_texts(run))


async def test_every_round_may_change_answers_and_after_the_last_people_judge(
    tmp_path: Path,
) -> None:
    world = asked_before(AgentHarness(tmp_path), any_fix)
    other = {"cogs/dice.py": FIXED.replace("letter", "other letter")}
    world.engine = FakeAgent(FIX, POLITE, other)
    run, history, _ = await proposed(world)
    assert (run.round, len(world.engine.asked)) == (3, 3)
    assert compared(history).unasked > 0


async def test_an_engine_without_words_is_not_asked_again(tmp_path: Path) -> None:
    world = asked_before(AgentHarness(tmp_path), any_fix)
    world.engine = FakeAgent(FIX, can_follow_instructions=False)
    run, history, post = await proposed(world)
    assert (run.round, len(world.engine.asked)) == (1, 1)
    assert on_card(post).startswith("⚠️ ")
    assert compared(history).unasked > 0


async def test_where_nothing_can_be_played_the_card_says_why(tmp_path: Path) -> None:
    world = asked_before(AgentHarness(tmp_path), any_fix, refusal="no bubblewrap here")
    _, history, post = await proposed(world)
    assert compared(history).unplayed == "no bubblewrap here"
    assert on_card(post) == "⚠️ Answers were not compared: no bubblewrap here."


async def test_nothing_recorded_is_nothing_to_compare(tmp_path: Path) -> None:
    world = asked_before(AgentHarness(tmp_path), any_fix, asked=False)
    _, _, post = await proposed(world)
    assert on_card(post) == "No answers to compare."


def test_verdicts_from_before_are_readable() -> None:
    assert Verdict.model_validate_json('{"head": "h", "round": 1}').behaviour is None


async def test_the_pull_request_tells_the_same_and_nothing_in_it_does_anything(
    tmp_path: Path,
) -> None:
    loud = "<b>go</b> @everyone closes #1 [here](https://a.test)"
    world = asked_before(AgentHarness(tmp_path), any_fix, otherwise=loud)
    await proposed(world)
    body = world.forge.drafts[-1].body
    told = body.partition("behaviour: ")[2].splitlines()
    assert told[0].startswith("⚠️ ") and " change." in told[0]
    line = next(each for each in told if each.startswith("- asker: /face value:2: "))
    assert "“general: b” → “general: <\u200bb>go" in line
    assert "@\u200beveryone closes #\u200b1 \\[here\\]" in line


async def test_without_plays_the_pull_request_says_that_nothing_was_compared(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    await proposed(world)
    assert "behaviour: Answers were not compared." in world.forge.drafts[-1].body
