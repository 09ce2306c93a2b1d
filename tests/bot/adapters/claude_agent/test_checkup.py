"""What the executor hears of checks before its round ends; the real program, a scripted model."""

from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.records import Script, Transcript

from bot.domain.change import ChangeSet, Verdict
from bot.domain.roles import Role
from bot.ports.agent import Finished, Progress, QuestionAsked
from tests.support.claude_room import fix_dice, open_claude_room
from tests.support.extras import needs_claude
from tests.twins.model import Message, Story, call_tool, give_result, repeat_turn, say_text

pytestmark = [needs_claude, pytest.mark.slow]

REVIEWER = Role(model="opus", seconds=60, usd=5)
APPROVES = give_result({"approve": True, "problems": [], "summary": "It counts from zero now."})


def lints(root: Path) -> bool:
    return "import os" not in (root / "dice.py").read_text()


def draft(title: str, body: str = "The index of `face`.") -> Message:
    return call_tool("mcp__theseus__git_pr_create", title=title, body=body)


def edit(before: str, after: str) -> Message:
    return call_tool("Edit", file_path="dice.py", old_string=before, new_string=after)


async def test_a_failing_check_goes_to_the_model_at_once_and_formatting_costs_nothing(
    tmp_path: Path,
) -> None:
    story: Story = {
        "executor": [
            *fix_dice("FACES[value - 1]\n\n\nimport os\n\n\ndef one():\n\treturn os.sep"),
            say_text("Faces are counted from one now."),
            edit("\n\n\nimport os\n\n\ndef one():\n    return os.sep", ""),
            say_text("Nothing unused is left."),
        ],
        "reviewer": [APPROVES],
    }
    async with open_claude_room(tmp_path, story, reviewer=REVIEWER, checks={"lint": lints}) as room:
        updates = await room.work()
        end = updates[-1]
        assert isinstance(end, Finished)
        assert end.approved
        told = room.model.list_requests("executor")[3].prompt
        assert "this costs no round" in told
        assert "== failed: lint" in told
        (review,) = room.model.list_requests("reviewer")
        assert "import os" not in review.prompt
        assert "PASSED lint" in review.prompt
        assert "PASSED affected tests" in review.prompt
        assert [attempt.result for attempt in end.attempts] == ["failed: lint"]
        lines = [update.text for update in updates if isinstance(update, Progress)]
        assert "checks: failed: lint" in lines


async def test_no_reviewer_reads_what_the_executor_leaves_failing(tmp_path: Path) -> None:
    story: Story = {
        "executor": [
            *fix_dice("FACES[value - 1]  # import os"),
            say_text("Done."),
            say_text("It stays as it is."),
        ],
        "reviewer": [],
    }
    async with open_claude_room(tmp_path, story, reviewer=REVIEWER, checks={"lint": lints}) as room:
        end = (await room.work())[-1]
        assert isinstance(end, Finished)
        assert end.review == ""
        assert room.model.list_requests("reviewer") == []


async def test_no_reviewer_reads_what_fails_a_replay_and_the_same_files_are_replayed_once(
    tmp_path: Path,
) -> None:
    def start(tree: Path, script: Script) -> Transcript:
        breaks = "# breaks" in (tree / "dice.py").read_text()
        return Transcript(trouble="ImportError: dice" if breaks else "", commands=("roll",))

    rehearsal = FakeRehearsal(start)
    story: Story = {
        "executor": [
            *fix_dice("FACES[value - 1]  # breaks"),
            say_text("Faces are counted from one now."),
            edit("  # breaks", ""),
            say_text("It starts again."),
        ],
        "reviewer": [APPROVES],
    }
    async with open_claude_room(
        tmp_path, story, reviewer=REVIEWER, files={"bot__app__main.py": "\n"}, rehearsal=rehearsal
    ) as room:
        end = (await room.work())[-1]
        assert isinstance(end, Finished)
        assert end.approved
        told = room.model.list_requests("executor")[3].prompt
        assert "== failed: the bot starts" in told
        assert [attempt.result for attempt in end.attempts] == ["failed: the bot starts"]
        (review,) = room.model.list_requests("reviewer")
        assert "# breaks" not in review.prompt
        assert "PASSED the bot starts" in review.prompt
        replays = len(rehearsal.replayed)  # twice what breaks, base once, what holds once
        head = await room.workspace.commit("Count faces from one")
        start_check = room.check.gate.start
        assert start_check is not None
        assert (await start_check(head, room.base)).status == "passed"
        assert len(rehearsal.replayed) == replays == 4


async def test_a_draft_that_leaves_out_a_file_is_asked_for_again(tmp_path: Path) -> None:
    owns = call_tool(
        "mcp__theseus__own_file", path="tables.py", reason="The table of faces is here."
    )
    story: Story = {
        "executor": [
            *fix_dice(),
            owns,
            call_tool("Read", file_path="tables.py"),
            call_tool("Edit", file_path="tables.py", old_string="x = 1", new_string="x = 2"),
            draft("Count faces from one"),
            say_text("Done."),
            draft("Count faces from one", "The index of `face`, and the number in `tables.py`."),
            say_text("Faces are counted from one, and the table holds two."),
        ],
    }
    async with open_claude_room(tmp_path, story, files={"tables.py": "x = 1\n"}) as room:
        end = (await room.work())[-1]
        assert isinstance(end, Finished)
        told = room.model.list_requests("executor")[-2].prompt
        assert "- `tables.py`" in told
        assert "- `dice.py`" not in told
        assert end.description == "The index of `face`, and the number in `tables.py`."


async def test_the_draft_of_an_earlier_round_stays_and_is_completed(tmp_path: Path) -> None:
    owns = call_tool(
        "mcp__theseus__own_file", path="tables.py", reason="The table of faces is here."
    )
    story: Story = {
        "executor": [
            *fix_dice(),
            owns,
            call_tool("Read", file_path="tables.py"),
            call_tool("Edit", file_path="tables.py", old_string="x = 1", new_string="x = 2"),
            say_text("Done."),
            say_text("Nothing further is needed."),
        ],
    }
    async with open_claude_room(tmp_path, story, files={"tables.py": "x = 1\n"}) as room:
        previous = ChangeSet(
            base=room.base, head=room.base, branch="b", engine="claude", summary="It counts.",
            title="Count faces from one", description="The index of `face`.",
        )  # fmt: skip
        feedback = Verdict(head=room.base, round=1)
        end = (await room.work(round=2, previous=previous, feedback=feedback))[-1]
        assert isinstance(end, Finished)
        assert end.title == "Count faces from one"
        assert end.description == "The index of `face`.\n\nAlso changed: `tables.py`."


async def test_a_repeated_refusal_ends_the_turn_with_its_reason(tmp_path: Path) -> None:
    no = call_tool("mcp__theseus__cannot", reason="The faces are counted from zero on purpose.")
    async with open_claude_room(tmp_path, {"executor": [repeat_turn(no)]}) as room:
        end = (await room.work())[-1]
        assert isinstance(end, Finished)
        assert end.cannot == "The faces are counted from zero on purpose."
        assert len(room.model.list_requests("executor")) <= 3


async def test_a_repeated_question_is_asked_once(tmp_path: Path) -> None:
    asks = call_tool("mcp__theseus__ask_person", question="What is face 7?", default="An error.")
    async with open_claude_room(tmp_path, {"executor": [*fix_dice(), repeat_turn(asks)]}) as room:
        end = (await room.work())[-1]
        assert isinstance(end, QuestionAsked)
        assert end.text == "What is face 7?"
