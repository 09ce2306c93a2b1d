"""The graph of faults, files and fixes, and what tends to break with a file."""

from bot.domain.run_cases import GraphEdge
from bot.learning.graph import describe_file, find_files, list_edges
from bot.presentation.answers import render_tendency
from tests.support.run_cases import make_case


def test_a_case_relates_its_fault_file_fix_commit_outcome_and_reports() -> None:
    edges = list_edges([make_case("a", reports=2, suspects=("c" * 40,))])
    fault = "fault:IndexError in face()"
    assert set(edges) == {
        GraphEdge("file:cogs/dice.py", "raised", fault),
        GraphEdge("commit:ccccccc", "may have caused", fault),
        GraphEdge("reports:2", "reported", fault),
        GraphEdge(fault, "worked on by", "fix:a"),
        GraphEdge("fix:a", "changed", "file:cogs/dice.py"),
        GraphEdge("fix:a", "merged as", "commit:a000000"),
        GraphEdge("fix:a", "ended as", "outcome:held"),
    }


def test_what_breaks_with_a_file_is_counted_there_and_after_its_changes() -> None:
    both = ("cogs/odds.py", "cogs/dice.py")
    cases = [
        make_case("a", 9, reports=3, files=("cogs/dice.py", "cogs/odds.py")),
        make_case("b", 8, result="did not hold"),
        make_case("c", 5, fault="KeyError", file="cogs/odds.py", frames=both),
        make_case("d", 0, fault="OSError", file="cogs/polls.py", frames=("cogs/polls.py",)),
    ]  # fmt: skip
    found = describe_file(cases, "cogs/dice.py")
    (fault,) = found.faults
    assert (fault.fault, fault.runs, fault.held, fault.did_not_hold) == ("IndexError", 2, 1, 1)
    assert fault.reports == 3
    assert [each.fault for each in found.after_changes] == ["KeyError"]
    assert found.together == (("cogs/odds.py", 1),)
    shown = render_tendency("dice", (found,))
    assert "• IndexError in face(): 2 runs, 1 fixed for good, 1 did not hold, 3 reports" in shown
    assert "• after a change of it: KeyError in face(): 1 run" in shown
    assert "Changed together with `cogs/odds.py` (1 time)." in shown


def test_a_file_is_found_by_its_path_its_name_or_its_stem_and_else_not() -> None:
    cases = [make_case("a"), make_case("b", file="bot/dice.py", files=(), frames=())]
    assert find_files(cases, "cogs/dice.py") == ("cogs/dice.py",)
    assert find_files(cases, "dice") == ("bot/dice.py", "cogs/dice.py")
    assert find_files(cases, "") == find_files(cases, "../etc/passwd") == ()
    assert "`x`@everyone" not in render_tendency("`x`@everyone", ())
    assert render_tendency("", ()).startswith("Which file?")
