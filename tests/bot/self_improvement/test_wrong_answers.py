"""A report of incorrect output: replays find the commit, people say what is right."""

from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.records import Actor, CommandStep, PressStep, Script, Transcript

from bot.domain.dialogue import Question
from bot.domain.errors import NotAuthorized, RehearsalError
from bot.domain.history import History
from bot.domain.journal import ActionOutcome
from bot.domain.run import Goal, Run, Stage, Status, Waiting
from bot.domain.traffic import TrafficRecord
from bot.presentation.cards import render_proposal
from bot.presentation.incorrect_output import NEW_IS_RIGHT, OLD_IS_RIGHT
from bot.self_improvement.checks.answer_inquiry import AnswerInquiry
from bot.self_improvement.checks.interaction_replays import InteractionReplays
from bot.self_improvement.steps._answer_plan import NOT_PROVABLE
from tests.fakes.differences import compute_sha
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_traffic import FakeSnapshots, catch_up
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import (
    ALICE,
    DORA,
    FILES,
    FIXED,
    MALLORY,
    AgentHarness,
    is_broken,
    make_failure,
)
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint

COMPLAINT = "`/face 2` says c instead of b"
ROOM = {"tests/cogs/room.py": "async def open_room(seed: int | None = None): ...\n"}
COG = '''
    @app_commands.command()
    async def face(self, interaction: discord.Interaction, value: int) -> None:
        """Show a face."""
'''


def answered(tree: Path, script: Script) -> Transcript:
    """Return the answers of the dice in that tree; without dice, no command exists."""
    source = (tree / "cogs/dice.py").read_text("utf-8")
    if "FACES" not in source:
        return Transcript(trouble="no dice")
    return make_transcript(
        script, *["it is c" if is_broken(tree) else "it is b"] * len(script.steps)
    )


def refusing_without_options(tree: Path, script: Script) -> Transcript:
    """Replay as above, but only if each command has its options."""
    steps = [each for each in script.steps if isinstance(each, CommandStep)]
    lacks = any(not each.options for each in steps)
    return Transcript(trouble="an option is missing") if lacks else answered(tree, script)


def complaining(
    folder: Path, *, changed: bool = True, older: int = 3, room: bool = True
) -> AgentHarness:
    """Return a harness without failures, whose newest commit changed the answer of `/face`."""
    world = AgentHarness(folder)
    world.journal = FakeJournal([])
    world.verifier = FakeVerifier(broken=is_broken, raises="AssertionError")
    world.verifier.answers["/face value:2"] = "'it is b'"
    snapshots, base = world.workspaces.snapshots, world.workspaces.base
    files = {**FILES, **(ROOM if room else {}), "cogs/dice.py": f"{FILES['cogs/dice.py']!s}{COG}"}
    good = {**files, "cogs/dice.py": f"{FIXED}{COG}"}
    snapshots[base] = _bytes(files)
    newer = base
    for number in range(older):
        content = _bytes({**(good if changed else files), "note.txt": str(number)})
        sha = compute_sha(content)
        snapshots[sha] = content
        world.trees.parents[newer] = newer = sha
    world.rehearsal = FakeRehearsal(answered)
    world.inquiry = inquiry(world)
    world.replays = InteractionReplays(
        world.rehearsal, world.trees, world.traffic, FakeSnapshots(world.clock), world.clock,
        catch_up=catch_up, lookback=timedelta(days=90),
    )  # fmt: skip
    return world


def inquiry(world: AgentHarness) -> AnswerInquiry:
    return AnswerInquiry(
        world.rehearsal,
        world.trees,
        world.traffic,
        world.clock,
        commands=lambda: {"face", "poll results"},
        called=lambda known: f"i-{known}",
        catch_up=catch_up,
        lookback=timedelta(days=90),
    )


def _bytes(files: dict[str, str | bytes]) -> dict[str, bytes]:
    return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


async def complained(
    world: AgentHarness,
    agent: AgentUnderTest,
    text: str = COMPLAINT,
    goal: Goal = "investigate",
) -> tuple[Run, Question]:
    """Report incorrect output; return the run and its question."""
    trigger = world.make_trigger("", goal=goal).replace(text=text)
    run = await agent.request(trigger)
    run = await world.wait_until(
        lambda now: now.waiting is Waiting.QUESTION or now.has_ended, run.id
    )
    question = await agent.get_question(run)
    assert question is not None, (run.reason, world.list_texts(run))
    return run, question


async def test_the_thread_names_the_commit_and_the_old_answer_becomes_the_proof(
    tmp_path: Path,
) -> None:
    world = complaining(tmp_path)
    async with world.run_agent() as agent:
        run, question = await complained(world, agent)
        base = world.workspaces.base
        assert question.text == (
            f"Since `{base[:7]}` (Change {base[:4]}) `/face value:2` answers “it is c” instead of "
            "“it is b”. Which answer is right? If neither is, say what the answer should contain."
        )
        assert question.choices == (OLD_IS_RIGHT, NEW_IS_RIGHT)
        await agent.answer(run.id, DORA, OLD_IS_RIGHT)
        run = await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
    assert (run.goal, run.stage, run.waiting) == ("fix", Stage.SHIP, Waiting.APPROVAL)
    assert_held_to(history, "it is b")
    assert history.evidence is not None
    assert [each.commit.sha for each in history.evidence.suspects] == [base]
    assert history.shapers is not None
    assert DORA.id in history.shapers.ids


async def test_where_no_test_can_be_written_the_old_commits_answer_is_the_proof(
    tmp_path: Path,
) -> None:
    world = complaining(tmp_path, room=False)
    async with world.run_agent() as agent:
        run, _ = await complained(world, agent, goal="fix")
        await agent.answer(run.id, DORA, OLD_IS_RIGHT)
        run = await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
    assert run.waiting is Waiting.APPROVAL, run.reason
    assert history.plan is not None
    assert history.plan.reproductions == ()
    assert history.plan.replay_proof is not None
    assert history.plan.replay_proof.right == ("it is b",)
    verdict = history.verdict
    assert verdict is not None
    assert verdict.failing_on_base is not None
    assert verdict.passing_on_head is not None
    assert verdict.failing_on_base.summary == "an answer that differs from the correct one"
    assert verdict.passing_on_head.status == "passed"
    assert "a replay on this machine" in on_card(run, history)


async def test_words_alone_are_no_answer_that_plays_could_prove(tmp_path: Path) -> None:
    world = complaining(tmp_path, room=False)
    async with world.run_agent() as agent:
        run, _ = await complained(world, agent, goal="fix")
        await agent.answer(run.id, DORA, "it should say “it is d”")
        run = await world.wait_until_ended(run.id)
    assert run.reason == NOT_PROVABLE


def on_card(run: Run, history: History) -> str:
    card = render_proposal(run, history).card
    assert card is not None
    return next(each.value for each in card.fields if each.name == "Reproduction")


def assert_held_to(history: History, expected: str) -> None:
    plan = history.plan
    assert plan is not None
    assert plan.reproduction is not None
    assert f'assert "{expected}" in room.shown(answer)' in plan.reproduction.source
    assert 'open_room("cogs.dice", tmp_path, seed=0)' in plan.reproduction.source
    assert plan.reproduction.answered
    assert plan.owned_files == {"cogs/dice.py"}


@pytest.mark.parametrize("goal", ["investigate", "fix"])
async def test_who_says_that_todays_is_right_ends_it_kindly(tmp_path: Path, goal: Goal) -> None:
    world = complaining(tmp_path)
    async with world.run_agent() as agent:
        run, _ = await complained(world, agent, goal=goal)
        await agent.answer(run.id, ALICE, NEW_IS_RIGHT)
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.DONE
    assert run.reason.endswith("and that is right, as alice says: I leave it as it is.")


async def test_an_order_to_fix_what_never_failed_is_about_its_answer(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    text = "everybody can read `/face 2`, that must not be, fix it"
    async with world.run_agent() as agent:
        trigger = world.make_trigger("/face 2", goal="fix").replace(text=text)
        run = await agent.request(trigger)
        run = await world.wait_until(
            lambda now: now.waiting is Waiting.QUESTION or now.has_ended, run.id
        )
        question = await agent.get_question(run)
        assert question is not None, run.reason
        assert question.choices == (OLD_IS_RIGHT, NEW_IS_RIGHT)
        look = trigger.replace(key="look", goal="investigate")
        ended = await world.wait_until_ended((await agent.request(look)).id)
    assert ended.reason.startswith("Nothing in my journal matches that.")


async def test_nobodys_word_is_no_word(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    async with world.run_agent() as agent:
        run, _ = await complained(world, agent)
        with pytest.raises(NotAuthorized):
            await agent.answer(run.id, MALLORY, OLD_IS_RIGHT)
        await world.clock.advance(timedelta(hours=1, minutes=1).total_seconds())
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.DONE
    assert run.reason == "Nobody said which answer is right: I leave it as it is."


async def test_where_no_commit_answers_otherwise_the_bot_asks_what_is_right(
    tmp_path: Path,
) -> None:
    world = complaining(tmp_path, changed=False)
    async with world.run_agent() as agent:
        run, question = await complained(world, agent, "`/face 2` is wrong, it should be 7")
        assert question.text == (
            "`/face value:2` answers “it is c”. None of the 4 commits I checked gives a "
            "different answer. What should the answer contain? Say it like this: `it "
            "should say 31`."
        )
        assert question.choices == ("It should say “7”",)
        await agent.answer(run.id, ALICE, "it should say “it is b”")
        run = await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
    assert run.waiting is Waiting.APPROVAL
    assert_held_to(history, "it is b")


async def test_what_stands_there_already_is_nothing_to_mend(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    async with world.run_agent() as agent:
        run, _ = await complained(world, agent)
        await agent.answer(run.id, ALICE, "it should say “it is c”")
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.DONE
    assert "which already contains that" in run.reason


async def test_a_yes_to_two_answers_is_asked_again(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    async with world.run_agent() as agent:
        run, first = await complained(world, agent)
        await agent.answer(run.id, ALICE, "yes")
        run = await world.wait_until(lambda now: now.parks == 2, run.id)
        again = await agent.get_question(run)
    assert again is not None
    assert again.id != first.id
    assert again.choices == first.choices


async def test_which_command_is_meant_is_asked_and_pressed(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    used(world, value=2)
    async with world.run_agent() as agent:
        run, question = await complained(world, agent, "the numbers are wrong")
        assert question.choices == ("/face value:2",)
        await agent.answer(run.id, ALICE, question.choices[0])
        run = await world.wait_until(lambda now: now.parks == 2, run.id)
        again = await agent.get_question(run)
    assert again is not None
    assert "`/face value:2` answers “it is c” instead of “it is b”" in again.text


async def test_a_command_whose_options_are_not_known_is_asked_for_with_these(
    tmp_path: Path,
) -> None:
    world = complaining(tmp_path)
    world.rehearsal = FakeRehearsal(refusing_without_options)
    world.inquiry = inquiry(world)
    async with world.run_agent() as agent:
        run, question = await complained(world, agent, "/face is always 2h late")
        assert "Type it as you did, with its options: `/face value:…`." in question.text
        assert question.choices == ()
        await agent.answer(run.id, ALICE, "/face value:2")
        run = await world.wait_until(lambda now: now.parks == 2, run.id)
        again = await agent.get_question(run)
    assert again is not None
    assert again.choices == (OLD_IS_RIGHT, NEW_IS_RIGHT)


@pytest.mark.parametrize(
    ("text", "known"),
    [("face is borked, fix it", False), ("face gives 3, fix it", True), ("fix `/face 2`", True)],
)
async def test_a_command_that_is_only_named_opens_no_thread_until_it_is_said_what_is_wrong(
    tmp_path: Path, text: str, known: bool
) -> None:
    world = complaining(tmp_path)
    trigger = world.make_trigger("face", goal="fix").replace(text=text)
    assert world.inquiry is not None
    assert await world.inquiry.is_known(trigger) is known


@pytest.mark.parametrize("changed", [True, False])
async def test_of_what_people_did_with_a_cog_that_is_meant_whose_answer_changed(
    tmp_path: Path, changed: bool
) -> None:
    world = complaining(tmp_path, changed=changed)
    used(world, value=2)
    text = "the dice say what they never said, fix it"
    async with world.run_agent() as agent:
        run, question = await complained(world, agent, text, "fix")
    if changed:
        assert "`/face value:2` answers" in question.text
        assert question.choices == (OLD_IS_RIGHT, NEW_IS_RIGHT)
    else:
        assert question.choices == ("/face value:2",)
    assert run.waiting is Waiting.QUESTION


async def test_a_press_is_told_as_one(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    used(world, value=2)
    press = PressStep(by="asker", channel="general", press="Roll again")
    pressed = world.traffic.records[-1].replace(step=press, event="component.again")
    world.traffic.records[-1] = pressed
    async with world.run_agent() as agent:
        text = "the dice say what they never said, fix it"
        _, question = await complained(world, agent, text, "fix")
    assert ") pressing “Roll again” answers “it is c” instead of “it is b”." in question.text


async def test_the_answer_somebody_replies_to_is_the_example(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    used(world, value=2, interaction=41)
    used(world, value=3, interaction=42)
    async with world.run_agent() as agent:
        trigger = world.make_trigger("", goal="investigate").replace(
            text="that's wrong", answered=41
        )
        run = await agent.request(trigger)
        run = await world.wait_until(lambda now: now.is_parked, run.id)
        question = await agent.get_question(run)
    assert question is not None
    assert "`/face value:2` answers" in question.text


async def test_a_refusal_is_the_answer_that_somebody_calls_a_failure(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    used(world, value=3, interaction=41)
    world.clock.tick(1)
    used(world, value=2, interaction=42, outcome=ActionOutcome.CANCELLED)
    refused = world.traffic.records[-1]
    world.traffic.records[-1] = refused.replace(cog="")  # it was refused before the cog was asked
    async with world.run_agent() as agent:
        run, question = await complained(world, agent, "/face does not work any more, it fails")
        assert "`/face value:2` answers" in question.text
        wrong = (await agent.get_history(run.id)).incorrect_output
        assert wrong is not None
        assert wrong.example is not None
        assert wrong.example.script.world.cogs == ("dice",)
        assert question.choices == (OLD_IS_RIGHT, NEW_IS_RIGHT)


async def test_a_refusal_that_was_followed_by_an_answer_is_none(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    used(world, value=2, interaction=41, outcome=ActionOutcome.CANCELLED)
    world.clock.tick(1)
    used(world, value=2, interaction=42)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("/face").replace(text="/face crashes"))
        run = await world.wait_until_ended(run.id)
    assert "/face has not failed in that time" in run.reason


def used(
    world: AgentHarness, value: int, interaction: int = 0, outcome: ActionOutcome = ActionOutcome.OK
) -> None:
    """Record an earlier request for a face."""
    step = CommandStep(by="asker", channel="general", command="face", options={"value": value})
    record = TrafficRecord(
        id=f"{len(world.traffic.records) + 1:032}",
        at=world.clock.now(),
        event="command.face",
        cog="dice",
        step=step,
        people=(Actor(name="asker"),),
        pseudonyms={"server": "s-1", "interaction": f"i-{interaction}"},
        outcome=outcome,
    )
    world.traffic.records.append(record)


async def test_a_recorded_failure_of_that_command_is_what_is_meant(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    world.journal = FakeJournal([make_failure(world.clock) for _ in range(3)])
    async with world.run_agent() as agent:
        trigger = world.make_trigger("/roll", goal="investigate").replace(text="/roll 2d6 says 13")
        run = await agent.request(trigger)
        run = await world.wait_until_ended(run.id)
        history = await agent.get_history(run.id)
    assert history.incorrect_output is None
    assert history.diagnosis is not None
    assert history.diagnosis.found
    assert not world.rehearsal.replayed


@pytest.mark.parametrize("text", ["/face 2 crashes", "/face is slow", "why does /face fail?"])
async def test_what_is_no_complaint_of_an_answer_ends_as_ever(tmp_path: Path, text: str) -> None:
    world = complaining(tmp_path)
    async with world.run_agent() as agent:
        run = await agent.request(
            world.make_trigger("/face", goal="investigate").replace(text=text)
        )
        run = await world.wait_until_ended(run.id)
    assert run.reason.startswith("Nothing in my journal matches that. I looked for")
    assert not world.rehearsal.replayed


async def test_where_nothing_can_be_played_it_ends_as_ever(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    world.rehearsal.error = RehearsalError("no sandbox")
    async with world.run_agent() as agent:
        trigger = world.make_trigger("", goal="investigate").replace(text=COMPLAINT)
        run = await agent.request(trigger)
        run = await world.wait_until_ended(run.id)
    assert run.reason.startswith("Nothing in my journal matches that. I looked for")


async def test_what_was_asked_outlives_the_process_that_asked_it(tmp_path: Path) -> None:
    world = complaining(tmp_path)
    async with world.run_agent(CrashPoint()) as agent:
        run, question = await complained(world, agent)
    played = len(world.rehearsal.replayed)
    async with world.run_agent() as agent:
        still = await agent.get_question(await world.store.get(run.id))
        assert still is not None
        assert still.id == question.id
        await agent.answer(run.id, DORA, OLD_IS_RIGHT)
        run = await world.wait_until_settled(run.id)
    assert run.waiting is Waiting.APPROVAL
    assert len(world.rehearsal.replayed) == played
    assert len([text for text in world.list_texts(run) if "Which answer is right?" in text]) == 1
