"""Lines are suspected by coverage, by the crash's frames and by suspect commits."""

from theseus_repair.localise import compute_ochiai, localise
from theseus_repair.model import Crash, Problem, SuspectHunk, TraceFrame

TEXT = "def f(x):\n    a = x\n    b = a\n    return b\n"


def problem(**parts: object) -> Problem:
    known: dict[str, object] = {
        "texts": {"m.py": TEXT},
        "coverage": {
            "bad": {"m.py": frozenset({2, 3})},
            "good": {"m.py": frozenset({2, 4})},
        },
        "failing": frozenset({"bad"}),
        "passing": frozenset({"good"}),
    }
    return Problem(**{**known, **parts})  # type: ignore[arg-type]


def test_ochiai_is_one_for_a_line_only_failing_tests_run_and_zero_for_the_others() -> None:
    assert compute_ochiai(2, 0, 2) == 1
    assert compute_ochiai(0, 5, 2) == 0
    assert 0 < compute_ochiai(1, 3, 1) < 1


def test_a_line_only_the_failing_test_runs_is_most_suspicious() -> None:
    suspicion = localise(problem())

    assert suspicion.list_top(1)[0][:2] == ("m.py", 3)
    assert suspicion.get_score("m.py", range(4, 5)) == 0


def test_the_innermost_frame_weighs_more_than_its_callers() -> None:
    frames = (TraceFrame("m.py", 2), TraceFrame("m.py", 3))
    suspicion = localise(problem(coverage={}, crashes=(Crash("IndexError", "", frames),)))

    assert suspicion.get_score("m.py", range(3, 4)) > suspicion.get_score("m.py", range(2, 3)) > 0


def test_lines_a_suspect_commit_added_gain_if_the_failing_test_ran_them() -> None:
    hunk = SuspectHunk("m.py", "c", 2, 2, ("+    a = x",))
    plain, suspected = localise(problem()), localise(problem(hunks=(hunk,)))

    assert suspected.get_score("m.py", range(2, 3)) > plain.get_score("m.py", range(2, 3))


def test_frames_in_unknown_files_are_passed_over() -> None:
    crash = Crash("KeyError", "", (TraceFrame("elsewhere.py", 9),))

    assert localise(problem(coverage={}, crashes=(crash,))).list_top(3) == ()


def test_a_function_that_could_not_be_called_as_it_was_is_suspected_though_no_line_of_it_ran() -> (
    None
):
    text = TEXT + "\n\nclass A:\n    def make(cls, x):\n        return cls(x)\n"
    message = "A.make() missing 1 required positional argument: 'x'"

    for error, suspected in (("TypeError", True), ("ValueError", False)):
        crash = Crash(error, message, (TraceFrame("m.py", 3),))
        scores = localise(problem(texts={"m.py": text}, crashes=(crash,))).scores["m.py"]
        assert (8 in scores) is suspected
