"""The engine does not propose edits that only silence the failing call: faults that tempt it to.

Each has a failing call, as in a reproduction from a failure: it asserts nothing. `tests` are the
command's own tests. `right` is the required answer afterwards.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from repair_tests.fake_clock import FakeClock
from repair_tests.one_module import PATH, OneModule
from theseus_repair.candidate_gate import CandidateGate
from theseus_repair.engine import repair_tree
from theseus_repair.explain import explain
from theseus_repair.model import SearchReport, SuspectHunk
from theseus_repair.request import RepairRequest
from theseus_repair.reverts import parse_diff
from theseus_repair.runner import TimeLimits

CALL = "call"


@dataclass(frozen=True)
class Planted:
    """A faulty module, the call that fails, and the tests it has; `diff` is the last commit."""

    text: str
    call: str
    tests: dict[str, str] = field(default_factory=dict)
    diff: str = ""


def hunks_of(diff: str) -> tuple[SuspectHunk, ...]:
    head = f"diff --git a/{PATH} b/{PATH}\n--- a/{PATH}\n+++ b/{PATH}\n"
    return tuple(parse_diff(head + diff, "1234567"))


async def search(
    planted: Planted, folder: Path, *, written: bool = False, answered: bool = False
) -> SearchReport:
    (folder / PATH).write_text(planted.text)
    hunks = hunks_of(planted.diff) if planted.diff else ()
    request = RepairRequest(
        root=folder,
        reproduction=(CALL,),
        affected=tuple(planted.tests),
        hunks=hunks,
        known=frozenset(hunk.commit for hunk in hunks),
        written=written,
        answered=answered,
        seconds=60,
        write=False,
    )
    runner = OneModule(planted.text, {CALL: planted.call, **planted.tests})
    return await repair_tree(request, runner, FakeClock())


# The comments show the code before each fault; the engine cannot see it.
QUIETED = {
    # `if count == 0: return "nobody yet"` was removed long ago
    "a guard that answers with an empty text": Planted(
        "def turnout(votes, count):\n    return f'{100 * votes // count} % of {count}'\n",
        "turnout(0, 0)",
        {"some": "assert turnout(1, 4) == '25 % of 4'"},
    ),
    # `if not count`, intended for no votes, was `if count is None`
    "an inverted condition": Planted(
        "def mean(total, count):\n    if not count:\n        return total / count\n"
        "    return round(total)\n",
        "mean(3, 0)",
    ),
    "a condition made to hold elsewhere": Planted(
        "def pick(names, at):\n    if at <= len(names):\n        return names[at]\n"
        "    return names[0]\n",
        "pick(['a', 'b'], 2)",
        {"first": "assert pick(['a', 'b'], 0) == 'a'"},
    ),
    "a missing name taken for nothing": Planted(
        "def greet(member):\n    return 'Hello ' + member.title()\n",
        "greet(None)",
        {"known": "assert greet('ann') == 'Hello Ann'"},
    ),
    "a missing key taken for zero": Planted(
        "def price(table, what):\n    total = table[what]\n    return total * 2\n",
        "price({'tea': 2}, 'coffee')",
        {"tea": "assert price({'tea': 2}, 'tea') == 4"},
    ),
    "an entry that is passed over": Planted(
        "def total(table, wanted):\n    found = 0\n    for name in wanted:\n"
        "        found += table[name]\n    return found\n",
        "total({'tea': 2}, ['tea', 'milk'])",
        {"tea": "assert total({'tea': 2}, ['tea']) == 2"},
    ),
    "a variable with a value from nowhere": Planted(
        "def last_word(words):\n    for word in words:\n        found = word\n    return found\n",
        "last_word([])",
        {"one": "assert last_word(['a']) == 'a'"},
    ),
    "an exception caught for another": Planted(
        "def amount(text):\n    try:\n        return int(text)\n    except TypeError:\n"
        "        return 1\n",
        "amount('many')",
        {"three": "assert amount('3') == 3"},
    ),
    "a check of what was typed that is dropped": Planted(
        "def book(seats, free):\n    if seats > len(free) or free[seats] is None:\n"
        "        return 'full'\n    return 'booked'\n",
        "book(2, ['a', 'b'])",
    ),
    "an empty list for a missing one": Planted(
        "def names(rows):\n    return ', '.join(row for row in rows)\n",
        "names(None)",
        {"two": "assert names(['a', 'b']) == 'a, b'"},
    ),
    "division by a total that may be nothing": Planted(
        "def weight(bonus, total):\n    if not bonus:\n        return ''\n"
        "    return f'{bonus * 100 // total} %'\n",
        "weight(-1, 0)",
        {"half": "assert weight(2, 4) == '50 %'", "none": "assert weight(0, 4) == ''"},
    ),
    # what is said of a third name nobody knows: the one before it is some other voter's
    "another place, which tests of other calls allow": Planted(
        "def place(names, at):\n    found = names[at]\n    return found.title()\n",
        "place(['ann', 'bob'], 2)",
        {"alike": "assert place(['ann', 'ann', 'bob'], 1) == 'Ann'"},
    ),
    "a boundary that hides an inverted one": Planted(
        "def rank(scores, place):\n    while place < len(scores):\n        place += 1\n"
        "    return scores[place]\n",
        "rank([3, 2, 1], 0)",
    ),
}


@pytest.mark.parametrize("name", QUIETED)
async def test_a_failure_is_left_alone_where_it_could_only_be_quieted(
    name: str, tmp_path: Path
) -> None:
    report = await search(QUIETED[name], tmp_path)

    assert report.fix is None, report.fix
    assert report.refused or not report.near
    if report.refused:
        assert "Not proposed: " in explain(report)
        assert "stops the failure, but " in explain(report)


PARTLY = """\
@@ -1,4 +1,4 @@
 def label(units, step):
-    width = len(units)
-    return units[step % width]
+    width = len(units) - 1
+    return units[step]
"""
TWO_OF_A_COMMIT = Planted(
    "def label(units, step):\n    width = len(units) - 1\n    return units[step]\n",
    "label(['s', 'm'], 2)",
    diff=PARTLY,
)


async def test_of_a_commit_all_is_undone_where_nothing_shows_that_a_part_would_do(
    tmp_path: Path,
) -> None:
    report = await search(TWO_OF_A_COMMIT, tmp_path)

    assert report.proof == "undo"
    assert report.reverted_commit == "1234567"
    assert report.files == {
        PATH: "def label(units, step):\n    width = len(units)\n    return units[step % width]\n"
    }
    assert "reverts only a part of commit 1234567" in report.refused[0].reason


async def test_a_part_of_a_commit_is_undone_where_the_tests_look_at_what_it_changed(
    tmp_path: Path,
) -> None:
    text = (
        "def near_miss(rolls, keep):\n    if keep > len(rolls):\n        return ''\n"
        "    return f'best dropped: {sorted(rolls, reverse=True)[keep]}'\n\n\n"
        "def brief(text):\n    return text[:1]\n"
    )
    diff = (
        "@@ -2,1 +2,1 @@\n-    if keep >= len(rolls):\n+    if keep > len(rolls):\n"
        "@@ -8,1 +8,1 @@\n-    return text[:2]\n+    return text[:1]\n"
    )
    tests = {
        "dropped": "assert near_miss([3, 5], 1) == 'best dropped: 3'",
        "all": "assert near_miss([3], 2) == ''",
        "brief": "assert brief('kh') == 'k'",
    }
    report = await search(Planted(text, "near_miss([3, 5], 2)", tests, diff), tmp_path)

    assert report.proof == "tests"
    assert report.files == {PATH: text.replace("keep > len", "keep >= len")}


COMPUTED = Planted("def nth(items, at):\n    return items[at]\n", "nth(['a', 'b'], 2)")


async def test_a_call_held_to_an_answer_lets_an_edit_of_what_is_computed_through(
    tmp_path: Path,
) -> None:
    held = Planted(COMPUTED.text, "assert nth(['a', 'b'], 2) == 'b'")
    report = await search(held, tmp_path, answered=True)

    assert report.files == {PATH: COMPUTED.text.replace("[at]", "[at - 1]")}
    assert report.proof == "call"
    assert (await search(COMPUTED, tmp_path)).fix is None


async def test_a_test_that_was_red_before_proves_an_edit_that_turns_it_green(
    tmp_path: Path,
) -> None:
    tests = {"first": "assert nth(['a', 'b'], 1) == 'a'"}
    report = await search(Planted(COMPUTED.text, COMPUTED.call, tests), tmp_path)

    assert report.files == {PATH: COMPUTED.text.replace("[at]", "[at - 1]")}
    assert report.proof == "tests"


async def test_an_answer_known_for_one_call_allows_no_fixed_one(tmp_path: Path) -> None:
    """A constant can always be made to fit one answer."""
    held = Planted(GUARDED.text, GUARDED.call, GUARDED.tests)

    assert (await search(held, tmp_path, answered=True)).fix is None


GUARDED = Planted(
    "def share(votes, count):\n    return votes * 100 // count\n",
    "assert share(0, 0) == 0",
    {"half": "assert share(1, 2) == 50"},
)


async def test_a_test_that_people_wrote_may_ask_for_a_fixed_answer(tmp_path: Path) -> None:
    """The test checks the answer, so another answer would make it fail."""
    report = await search(GUARDED, tmp_path, written=True)

    assert report.fix is not None
    assert report.proof == "tests"
    assert (await search(GUARDED, tmp_path, written=False)).fix is None


TOLD = "def check(text):\n    if not text:\n        return False, None\n    return False, text\n"
WRONG_WAY = Planted(
    TOLD, "assert check('a') == (True, 'a')", {"none": "assert check('') == (False, None)"}
)


async def test_yes_for_no_needs_a_test_that_people_wrote(tmp_path: Path) -> None:
    """Each is the only alternative to the other, so a test that requires one distinguishes them."""
    report = await search(WRONG_WAY, tmp_path, written=True)

    assert report.files == {PATH: TOLD.replace("False, text", "True, text")}
    assert report.proof == "tests"
    assert (await search(WRONG_WAY, tmp_path, written=False)).fix is None


async def test_where_a_test_asks_only_whether_there_is_any_no_empty_value_stands_in(
    tmp_path: Path,
) -> None:
    """0, "", [] and None are as good for it, and one of them at most for who goes on with it."""
    text = "def first(words):\n    return words and words[0].upper()\n"
    after = text.replace("words and words[0].upper()", "words[0].upper() if words else 0")
    for asked, told in (("not first([])", False), ("first([]) == 0", True)):
        runner = OneModule(text, {"none": f"assert {asked}", "one": "assert first(['a']) == 'A'"})
        gate = CandidateGate(
            {PATH: text}, runner, ["none"], ["none", "one"], TimeLimits(), answered=True,
            written=True,
        )  # fmt: skip

        assert (await gate.judge({PATH: after})).allowed is told


async def test_a_test_that_looks_at_no_answer_allows_no_fixed_one(tmp_path: Path) -> None:
    blind = Planted(GUARDED.text, "share(0, 0)", GUARDED.tests)

    assert (await search(blind, tmp_path, written=True)).fix is None


ENDED = "import sys\n\n\ndef run(n):\n    if not n:\n        sys.exit(0)\n    return n - 1\n"


@pytest.mark.parametrize("end", ["sys.exit(0)", "raise SystemExit", "quit()"])
async def test_where_only_the_exit_code_tells_no_edit_may_end_the_program(
    end: str,
) -> None:
    runner = OneModule(ENDED, {CALL: "assert run(3) == 4"})
    limits = TimeLimits()
    files = {PATH: ENDED.replace("    return", f"    if n:\n        {end}\n    return")}
    reached = {PATH: ENDED.replace("not n", "n")}
    added = {PATH: ENDED.replace("-", "+")}
    gate = CandidateGate(
        {PATH: ENDED}, runner, (CALL,), (CALL,), limits, answered=True, by_exit=True
    )

    ruling = await gate.judge(files)

    assert (await gate.judge(reached)) == ruling
    assert (ruling.allowed, ruling.doubtful) == (False, False)
    assert ruling.reason == "it ends the program, so nothing after that is checked"
    assert (await gate.judge(added)).allowed
