"""Attempts are described in plain sentences, without claims that were not observed."""

from theseus_repair.explain import explain
from theseus_repair.model import (
    LEFT_OTHERWISE,
    PROGRAM_EXIT,
    Candidate,
    ChangedCall,
    Crash,
    Judgement,
    RepairAttempt,
    Rival,
    SearchReport,
    SourceEdit,
)
from theseus_repair.nearness import iterate_nearest

EDIT = Candidate((SourceEdit("pkg/a.py", 0, 1, "x"),), "comparison", "compare with `<=`", 1.0, 7)


def report(**parts: object) -> SearchReport:
    known: dict[str, object] = {
        "fix": None, "files": {}, "stopped": "exhausted", "tried": {"comparison": 2, "name": 1},
        "near": (), "proposed": 3, "seconds": 1.5,
    }  # fmt: skip
    return SearchReport(**{**known, **parts})  # type: ignore[arg-type]


def test_a_fix_is_told_with_its_place_and_the_effort() -> None:
    text = explain(report(fix=EDIT, stopped="fixed"))

    assert text.startswith("Compare with `<=` in `pkg/a.py`, line 7")
    assert "Tried 3 of 3 edits in 1.5 s. By kind: comparison 2, name 1." in text


def test_a_vain_search_names_suspects_and_near_misses() -> None:
    near = RepairAttempt(EDIT, Judgement(False, "affected", 4, 5, ("test_x",)), 1)
    text = explain(
        report(near=(near,), suspects=(("pkg/a.py", 7, 0.9),), crash=Crash("IndexError"))
    )

    assert "None of the 3 small edits" in text
    assert "`pkg/a.py:7`" in text
    assert "The failure is IndexError." in text
    assert "fixes the failure but breaks `test_x`" in text


def test_edits_that_pass_as_well_are_named_though_no_call_tells_them_apart() -> None:
    other = Candidate((SourceEdit("pkg/b.py", 3, 4, "y"),), "name", "replace `x` by `y`", 0.5, 9)

    assert "no call distinguishes the two: replace `x` by `y` (`pkg/b.py:9`)." in explain(
        report(fix=EDIT, stopped="fixed", indistinguishable=(other,))
    )


def test_that_no_other_edit_answers_otherwise_is_said_only_where_there_is_another() -> None:
    proven = {"fix": EDIT, "stopped": "fixed", "label": "proven"}

    assert "no other edit that I tried passes." in explain(report(**proven, confirmed=(EDIT,)))
    both = report(**proven, confirmed=(EDIT, EDIT))
    assert "no other edit that passes behaves differently." in explain(both)


def test_a_near_miss_is_told_once_and_not_again_with_a_needless_edit_more() -> None:
    more = Candidate((*EDIT.edits, SourceEdit("pkg/b.py", 3, 4, "y")), "pair", "both", 0.5, 7)
    again = Candidate((SourceEdit("pkg/a.py", 5, 6, "z"),), "comparison", EDIT.why, 0.4, 8)
    near = [
        RepairAttempt(each, Judgement(False, "affected", passed, 5), number)
        for number, (each, passed) in enumerate(((again, 3), (more, 4), (EDIT, 4)))
    ]

    assert [each.candidate for each in iterate_nearest(near)] == [EDIT]


def test_running_out_of_time_and_having_nothing_to_try_are_told_apart() -> None:
    assert "were not tried" in explain(report(stopped="time", proposed=90))
    assert "no line to edit" in explain(report(tried={}, proposed=0))
    assert "no project code was reached" in explain(report(tried={}, proposed=0))
    died = report(tried={}, proposed=0, crash=Crash(PROGRAM_EXIT))
    assert "the tests end their process" in explain(died)
    assert "nothing to fix" in explain(report(stopped="passing", tried={}, proposed=0))


def test_of_a_command_that_was_not_looked_into_the_way_out_is_said() -> None:
    nothing = explain(report(tried={}, proposed=0), command=True)
    assert "the command's output names no file" in nothing
    assert "was reached" not in nothing
    for text in (nothing, explain(report(), command=True)):
        assert 'give the pytest command itself, as in --test "pytest tests/test_cart.py"' in text


def test_a_call_that_answers_the_same_and_leaves_other_values_is_told_in_plain_words() -> None:
    rival = Rival(EDIT, {}, "Cart.__init__(<Cart>, 2)", "None", f"None{LEFT_OTHERWISE}")
    lost = ChangedCall("f([1])", "1", f"1{LEFT_OTHERWISE}")
    text = explain(report(fix=EDIT, stopped="fixed", rivals=(rival,), losses=(lost,)))

    assert (
        "`Cart.__init__(<Cart>, 2)` answers None either way, but changes its arguments "
        "differently with another edit that passes: compare with `<=` (`pkg/a.py:7`)."
    ) in text
    assert "`f([1])` answers 1 either way, but changes its arguments differently than" in text
