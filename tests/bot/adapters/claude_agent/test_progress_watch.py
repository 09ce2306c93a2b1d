"""A model that goes in circles is noticed; one that gets on is left alone."""

import os
from collections.abc import Sequence
from itertools import count, cycle, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.claude_agent._progress_watch import RepetitionLimits, StuckWatch
from bot.adapters.claude_agent.program._events import ModelText, ToolCall, ToolResult
from bot.domain.cost import Cost
from bot.domain.errors import AgentStuck

FREE = Cost()
ROOT = Path("/work/tree")


class Story:
    """Feeds calls to a watch, and stores the files that their edits write."""

    def __init__(self, limits: RepetitionLimits | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.watch = StuckWatch(ROOT, limits, self.files.get)
        self.calls = 0

    def call(
        self, tool: str, *, failed: bool = False, text: str = "done", **arguments: object
    ) -> None:
        self.calls += 1
        name = f"t{self.calls}"
        self.watch.see(ToolCall(name, tool, arguments, FREE))
        if tool == "Write" and not failed:
            self.files[str(arguments["file_path"])] = str(arguments["content"]).encode()
        self.watch.see(ToolResult(name, tool, failed, text))

    def write(self, content: object, file: str = "a.py") -> None:
        self.call("Write", file_path=file, content=str(content))


def test_the_same_call_three_times_in_a_row_is_a_circle() -> None:
    story = Story()
    story.call("Read", file_path="cogs/dice.py")
    story.call("Read", file_path="cogs/dice.py")
    with pytest.raises(AgentStuck, match=r"3 times in a row: reads `cogs/dice\.py`"):
        story.call("Read", file_path="cogs/dice.py")


def test_the_order_of_arguments_makes_no_other_call() -> None:
    story = Story()
    story.call("Grep", pattern="x", path="a")
    story.call("Grep", path="a", pattern="x")
    with pytest.raises(AgentStuck):
        story.call("Grep", pattern="x", path="a")


def test_the_same_call_five_times_with_others_between_is_a_circle() -> None:
    story = Story()
    for other in range(4):
        story.call("Read", file_path="a.py")
        story.call("Read", file_path=f"{other}.py")
    with pytest.raises(AgentStuck, match="5 times without a change"):
        story.call("Read", file_path="a.py")


def test_running_the_tests_after_each_change_is_no_circle() -> None:
    story = Story()
    for number in range(40):
        story.write(number)
        story.call("mcp__theseus__run_tests")


def test_parts_of_one_file_are_not_the_same_call() -> None:
    story = Story()
    for offset in range(0, 2_000, 100):
        story.call("Read", file_path="a.py", offset=offset, limit=100)


def test_the_same_error_four_times_is_a_circle() -> None:
    story = Story()
    for number in range(3):
        story.call(
            "Edit", failed=True, text=f"String not found, line {number}", file_path=f"{number}"
        )
        story.call("Read", file_path=f"{number}")
    with pytest.raises(AgentStuck, match="same error 4 times"):
        story.call("Edit", failed=True, text="String not found, line 77", file_path="x")


def test_an_error_overcome_in_between_starts_anew() -> None:
    story = Story(RepetitionLimits(turns=None))
    for number in range(20):
        story.call("Read", failed=True, text="File does not exist.", file_path=f"{number}.py")
        story.call("Read", file_path=f"found/{number}.py")


def test_eight_refusals_in_a_row_are_a_circle() -> None:
    story = Story()
    for number in range(7):
        story.call(
            "Edit", failed=True, text=f"`{'x' * number}` is not yours", file_path=f"{number}"
        )
        story.watch.see(ModelText("Hm.", FREE))
    with pytest.raises(AgentStuck, match="8 calls in a row were refused or failed"):
        story.call("Bash", failed=True, text="no", command="rm x")


def test_many_answers_without_a_change_are_a_circle() -> None:
    story = Story(RepetitionLimits(turns=25))
    for number in range(25):
        story.call("Read", file_path=f"{number}.py")
    with pytest.raises(AgentStuck, match="answered 25 times without a change"):
        story.call("Read", file_path="last.py")


def test_calls_made_side_by_side_are_one_answer() -> None:
    watch = StuckWatch(ROOT, RepetitionLimits(turns=2))
    for number in range(30):
        watch.see(ToolCall(f"t{number}", "Read", {"file_path": f"{number}.py"}, FREE))
    for number in range(30):
        watch.see(ToolResult(f"t{number}", "Read", False, "text"))
    watch.see(ModelText("I know enough.", FREE))


def test_who_changes_nothing_may_look_as_long_as_it_takes() -> None:
    story = Story(RepetitionLimits(turns=None))
    for number in range(500):
        story.call("Read", file_path=f"{number}.py")


def test_undoing_an_edit_twice_is_a_circle() -> None:
    story = Story()
    story.write("one")
    story.write("two")
    story.write("one")
    story.write("three")
    with pytest.raises(AgentStuck, match=r"reverts it again: writes `a\.py`"):
        story.write("one")


def test_undoing_the_very_first_edit_counts_as_well() -> None:
    story = Story()
    story.files["a.py"] = b"as it was"
    story.write("tried")
    story.write("as it was")
    story.write("tried differently")
    with pytest.raises(AgentStuck, match="reverts it again"):
        story.write("as it was")


def test_undoing_one_edit_each_in_many_files_is_no_circle() -> None:
    story = Story()
    for number in range(10):
        file = f"{number}.py"
        story.write("as it was", file)
        story.write("with a print", file)
        story.write("as it was", file)
        story.write("mended", file)


def test_writing_the_same_again_is_no_change() -> None:
    story = Story()
    story.write("one")
    story.write("one")
    story.write("one")
    with pytest.raises(AgentStuck, match="3 times in a row"):
        story.write("one")


@pytest.mark.parametrize("file", ["/etc/passwd", "/dev/zero", "pipe", "\0", "x" * 5000, "loop", ""])
def test_watching_opens_nothing_that_is_no_file_of_the_worktree(tmp_path: Path, file: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    watch = StuckWatch(tmp_path)
    watch.see(ToolCall("t1", "Write", {"file_path": file}, FREE))
    watch.see(ToolResult("t1", "Write", True, "no"))


def test_real_files_are_told_apart_by_what_stands_in_them(tmp_path: Path) -> None:
    watch = StuckWatch(tmp_path)

    def write(text: str) -> None:
        watch.see(ToolCall(text, "Write", {"file_path": "a.py", "content": text}, FREE))
        (tmp_path / "a.py").write_text(text, encoding="utf-8")
        watch.see(ToolResult(text, "Write", False, "done"))

    (tmp_path / "a.py").write_text("as it was", encoding="utf-8")
    write("tried")
    write("as it was")
    write("tried again")
    with pytest.raises(AgentStuck):
        write("as it was")


# What a run that gets on may look like: a few looks and failures, then a change never seen before.
LOOKS = st.lists(
    st.tuples(st.sampled_from(["Read", "Grep", "mcp__theseus__run_tests"]), st.booleans()),
    max_size=6,
)


@given(st.lists(st.tuples(LOOKS, st.sampled_from(["a.py", "b.py", "c.py"])), max_size=30))
def test_it_never_fires_on_a_run_that_gets_on(
    steps: Sequence[tuple[Sequence[tuple[str, bool]], str]],
) -> None:
    story, fresh = Story(), count()
    for looks, file in steps:
        for tool, failed in looks:
            number = next(fresh)
            story.call(tool, failed=failed, text=f"{'no ' * number}", file_path=f"{number}.py")
        story.write(next(fresh), file)


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_it_always_fires_on_a_circle_of_calls(circle: list[int], fails: list[bool]) -> None:
    story = Story(RepetitionLimits(turns=None))
    with pytest.raises(AgentStuck):
        for each in islice(cycle(circle), 5 * len(circle)):
            story.call("Read", failed=fails[each], text=str(each), file_path=f"{each}.py")


@given(st.lists(st.integers(0, 4), min_size=2, max_size=6).filter(lambda s: len(set(s)) > 1))
def test_it_always_fires_on_a_circle_of_edits(circle: list[int]) -> None:
    story = Story()
    with pytest.raises(AgentStuck):
        for content in islice(cycle(circle), 4 * len(circle) + 4):
            story.write(content)


@given(st.integers(1, 40))
def test_it_always_fires_where_nothing_is_ever_changed(turns: int) -> None:
    story = Story(RepetitionLimits(turns=turns))
    with pytest.raises(AgentStuck):
        for number in range(turns + 1):
            story.call("Read", file_path=f"{number}.py")
