"""The search takes the best-ranked passing edit, wastes no check, and ends in time."""

import asyncio
from dataclasses import replace

import pytest
from repair_tests.fake_clock import FakeClock
from theseus_repair.candidates import FIRST_REVERTS, propose
from theseus_repair.clock import MachineClock
from theseus_repair.errors import RunnerUnavailable
from theseus_repair.explain import explain
from theseus_repair.localise import localise
from theseus_repair.model import (
    Candidate,
    Crash,
    Judgement,
    Problem,
    SuspectHunk,
    Texts,
    TraceFrame,
)
from theseus_repair.reverts import align
from theseus_repair.search import CONSIDERED, ENOUGH, WAITING, SearchProgress, search
from theseus_repair.soundness import is_sound

TEXT = "def f(items, count):\n    return items[count] < items[0]\n"
NUMBERS = range(20, 400, 20)
CRASH = Crash("AssertionError", "", (TraceFrame("m.py", 2, "f"),))


class ScriptedJudge:
    """A judge with scripted verdicts; it records the candidates, and may be blocked."""

    def __init__(self, green: set[str], gate: asyncio.Event | None = None) -> None:
        self.green, self.gate = green, gate
        self.shown: list[str] = []

    async def judge(self, files: Texts) -> Judgement:
        text = files["m.py"]
        self.shown.append(text)
        if self.gate is not None:
            await self.gate.wait()
        return Judgement(text in self.green, "reproduction", passed=0, total=1)


def problem(text: str = TEXT, hunks: tuple[SuspectHunk, ...] = ()) -> Problem:
    return Problem({"m.py": text, "tests/test_m.py": text}, crashes=(CRASH,), hunks=hunks)


async def test_the_edit_the_judge_wants_is_found_and_reported() -> None:
    wanted = TEXT.replace("<", "<=")
    seen: list[SearchProgress] = []

    report = await search(
        problem(), ScriptedJudge({wanted}), budget_seconds=30, clock=FakeClock(),
        on_progress=seen.append,
    )  # fmt: skip

    assert report.files == {"m.py": wanted}
    assert report.stopped == "fixed"
    assert report.attempts == len(seen) == seen[-1].tried
    assert "failing test passes now" in explain(report)


def test_when_it_is_late_edits_of_the_most_suspicious_lines_have_been_proposed() -> None:
    text = TEXT + "\n\ndef g(items):\n    first = items[0]\n    return f(items, first) < 1\n"
    frames = (TraceFrame("m.py", 7, "g"), TraceFrame("m.py", 2, "f"))
    known = replace(problem(text), crashes=(replace(CRASH, frames=frames),))
    asked: list[bool] = []

    def late() -> bool:
        asked.append(len(asked) == 2)
        return asked[-1]

    suspicion = localise(known)
    some, every = propose(known, suspicion, late), propose(known, suspicion)

    assert {2} == {candidate.line for candidate in some} < {c.line for c in every}
    assert set(some) <= set(every)


def test_however_much_the_last_commits_changed_single_edits_have_their_turn() -> None:
    lines = [f"    total += items[{number}] < count" for number in range(60)]
    text = "\n".join(["def f(items, count):", "    total = 0", *lines, "    return total", ""])
    changed = [mark for line in lines for mark in (f"-{line.replace('<', '<=')}", f"+{line}")]
    hunk = SuspectHunk("m.py", "1234567", 3, 3, tuple(changed))
    frames = tuple(TraceFrame("m.py", line, "f") for line in range(3, 63))
    known = replace(problem(text, (hunk,)), crashes=(replace(CRASH, frames=frames[:40]),))

    kinds = [each.kind for each in propose(known, localise(known))]

    assert kinds.count("revert") > 60
    assert set(kinds[:FIRST_REVERTS]) == {"revert"}
    assert set(kinds[FIRST_REVERTS : 2 * FIRST_REVERTS]) != {"revert"}


def test_where_undoings_take_long_to_think_of_whole_commits_are_the_first_and_edits_follow() -> (
    None
):
    lines = [f"    a{number} = items[{number}]" for number in range(9)]
    text = "\n".join(["def f(items):", *lines, "    return items[0] < 1", ""])
    hunks = tuple(
        SuspectHunk("m.py", "1234567", at, at, (f"-{line} + 7", f"+{line}"))
        for at, line in enumerate(lines, 2)
    )
    asked = iter([False])
    known = problem(text, hunks)
    some = propose(known, localise(known), is_revert_time_up=lambda: next(asked, True))

    assert [each.why for each in some if each.kind == "revert"] == ["revert all of commit 1234567"]
    assert len(some) > 1


def test_a_large_block_of_lines_is_not_compared_line_by_line() -> None:
    old, new = [f"x {each}" for each in range(5_000)], [f"y {each}" for each in range(6_000)]

    assert align(old, new) == [(0, 5_000, 0, 6_000)]


async def test_of_two_green_edits_the_better_ranked_one_wins() -> None:
    comparison, constant = TEXT.replace("<", "<="), TEXT.replace("[0]", "[2]")

    report = await search(
        problem(), ScriptedJudge({comparison, constant}), budget_seconds=30, clock=FakeClock(),
        width=2,
    )  # fmt: skip

    assert report.files == {"m.py": comparison}


class SlowJudge(ScriptedJudge):
    """Takes an hour for each."""

    def __init__(self, green: set[str], clock: FakeClock) -> None:
        super().__init__(green)
        self.clock = clock

    async def judge(self, files: Texts) -> Judgement:
        self.clock.tick(3600.0)
        await asyncio.sleep(0)  # what confirms has its turn meanwhile
        return await super().judge(files)


async def test_enough_edits_have_their_turn_though_looking_on_took_longer_than_finding() -> None:
    clock, text = (
        FakeClock(),
        TEXT.replace("items[0]", f"items[0] + {' + '.join(map(str, NUMBERS))}"),
    )
    judge = SlowJudge({text.replace("<", "<=")}, clock)

    report = await search(problem(text), judge, budget_seconds=30, clock=clock)

    assert report.stopped == "fixed"
    assert report.considered == CONSIDERED < report.proposed


async def test_undoing_a_suspect_line_is_preferred_to_any_other_edit() -> None:
    undone = TEXT.replace("items[count]", "items[count - 1]")
    lines = ("-    return items[count - 1] < items[0]", "+    return items[count] < items[0]")
    hunk = SuspectHunk("m.py", "abc", 2, 2, lines)
    judge = ScriptedJudge({undone, TEXT.replace("<", "<=")})

    report = await search(problem(hunks=(hunk,)), judge, budget_seconds=30, clock=FakeClock())

    assert report.fix is not None
    assert report.fix.kind == "revert"
    assert judge.shown[0] == undone
    assert [each.kind for each in report.confirmed] == ["revert", "comparison"]


async def test_no_text_is_judged_twice_and_none_that_cannot_work() -> None:
    judge = ScriptedJudge(set())

    report = await search(problem(), judge, budget_seconds=30, clock=FakeClock())

    assert report.stopped == "exhausted"
    assert len(judge.shown) == len(set(judge.shown)) > 10
    assert all(is_sound({"m.py": text}, {"m.py": TEXT}) for text in judge.shown)
    assert "None of the" in explain(report)


async def test_a_green_edit_that_is_not_confirmed_is_passed_over() -> None:
    first, second = TEXT.replace("<", "<="), TEXT.replace("[0]", "[1]")

    async def confirm(candidate: Candidate, files: Texts) -> bool:
        return files["m.py"] != first

    report = await search(
        problem(), ScriptedJudge({first, second}), budget_seconds=30, clock=FakeClock(),
        confirm=confirm,
    )  # fmt: skip

    assert report.files == {"m.py": second}


async def test_others_are_judged_while_a_green_edit_is_looked_at_once_more() -> None:
    judge = ScriptedJudge({TEXT.replace("<", "<=")})
    judged = asyncio.Event()

    async def confirm(candidate: Candidate, files: Texts) -> bool:
        await judged.wait()  # it ends only once the others were
        return True

    def told(search: SearchProgress) -> None:
        if search.tried > 10:
            judged.set()

    async with asyncio.timeout(20):
        report = await search(
            problem(), judge, budget_seconds=60, clock=FakeClock(), confirm=confirm,
            on_progress=told,
        )  # fmt: skip

    assert report.files == {"m.py": TEXT.replace("<", "<=")}


@pytest.mark.parametrize("width", [1, 2, 5])
async def test_where_every_edit_passes_a_few_are_looked_at_and_the_rest_is_left(
    width: int,
) -> None:
    looked: list[Candidate] = []

    class Easy(ScriptedJudge):
        async def judge(self, files: Texts) -> Judgement:
            self.shown.append(files["m.py"])
            await asyncio.sleep(0)
            return Judgement(True)

    async def confirm(candidate: Candidate, files: Texts) -> bool:
        looked.append(candidate)
        await asyncio.sleep(0)
        return True

    judge = Easy(set())
    async with asyncio.timeout(20):
        report = await search(
            problem(), judge, budget_seconds=60, clock=FakeClock(), width=width, confirm=confirm
        )

    assert len(report.confirmed) == len(looked) == ENOUGH
    assert len(judge.shown) <= ENOUGH + WAITING + 2 * width


@pytest.mark.slow
async def test_what_was_being_looked_at_when_time_was_up_is_looked_at_again() -> None:
    looks = 0

    async def confirm(candidate: Candidate, files: Texts) -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            await asyncio.Event().wait()
        return True

    green = {TEXT.replace("<", sign) for sign in ("<=", ">")}
    report = await search(
        problem(), ScriptedJudge(green), budget_seconds=3, clock=MachineClock(), confirm=confirm
    )

    # Both were looked at together, and are once more, one after the other.
    assert (looks, report.stopped) == (4, "fixed")
    assert (len(report.confirmed), report.cut) == (2, True)


async def test_the_search_ends_when_its_time_is_up_and_says_so() -> None:
    judge = ScriptedJudge(set(), gate=asyncio.Event())

    report = await search(problem(), judge, budget_seconds=0.5, clock=MachineClock())

    assert report.stopped == "time"
    assert "were not tried" in explain(report)


async def test_what_goes_wrong_in_the_last_look_is_told_as_it_is() -> None:
    async def confirm(candidate: Candidate, files: Texts) -> bool:
        raise RunnerUnavailable("the test server did not start")

    with pytest.raises(RunnerUnavailable):
        await search(
            problem(), ScriptedJudge({TEXT.replace("<", "<=")}), budget_seconds=30,
            clock=FakeClock(), confirm=confirm,
        )  # fmt: skip


async def test_cancelling_the_search_cancels_the_judge() -> None:
    judge = ScriptedJudge(set(), gate=asyncio.Event())

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await search(problem(), judge, budget_seconds=60, clock=MachineClock())


async def test_an_undoing_of_many_lines_is_cut_down_to_those_that_matter() -> None:
    text = "def f(a, b):\n    x = a + 1\n    y = b + 1\n    z = x + y\n    return z + 9\n"
    lines = (" def f(a, b):", "-    x = a", "-    y = b", "-    z = x - y", "-    return z",
             "+    x = a + 1", "+    y = b + 1", "+    z = x + y", "+    return z + 9")  # fmt: skip
    hunk = SuspectHunk("m.py", "abc", 1, 1, lines)
    wanted = ("x = a\n", "return z\n", "z = x - y\n")

    class Both(ScriptedJudge):
        async def judge(self, files: Texts) -> Judgement:
            return Judgement(all(part in files["m.py"] for part in wanted))

    report = await search(
        problem(text, hunks=(hunk,)), Both(set()), budget_seconds=30, clock=FakeClock()
    )

    assert all(part in report.files["m.py"] for part in wanted)
    assert "y = b + 1\n" in report.files["m.py"]


async def test_tests_are_never_changed() -> None:
    hunk = SuspectHunk(
        "tests/test_m.py", "abc", 2, 2, ("-    assert True", f"+{TEXT.splitlines()[1]}")
    )

    class Watching(ScriptedJudge):
        async def judge(self, files: Texts) -> Judgement:
            assert list(files) == ["m.py"]
            return await super().judge(files)

    await search(problem(hunks=(hunk,)), Watching(set()), budget_seconds=30, clock=FakeClock())


@pytest.mark.parametrize("wrong", ["a < a", "isinstance(a, a)", "b == b"])
def test_nothing_is_compared_with_itself_that_was_not_before(wrong: str) -> None:
    before = "def f(a, b):\n    return a < b\n"
    after = before.replace("a < b", wrong)

    assert not is_sound({"m.py": after}, {"m.py": before})
    assert is_sound({"m.py": after}, {"m.py": after.replace("return", "x = 1\n    return")})


def test_what_earlier_runs_taught_changes_the_order_and_nothing_else() -> None:
    def list_edits(**factors: float) -> list[tuple[str, str]]:
        known = replace(problem(), edit_factors=factors)
        return [(each.kind, each.why) for each in propose(known, localise(known))]

    usual = list_edits()
    kinds = [kind for kind, _ in usual]
    last = max(set(kinds), key=kinds.index)
    taught = list_edits(**{last: 99.0})
    assert [kind for kind, _ in taught].index(last) < kinds.index(last)
    assert sorted(taught) == sorted(usual)
    assert taught == list_edits(**{last: 2.0})  # never more than twice the usual weight
