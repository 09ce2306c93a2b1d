"""What a model answers counts only where it holds against the records and the worktree."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from theseus_guard.protection import Protection

from bot.adapters.claude_agent._forms import (
    DiagnosisForm,
    PlanForm,
    ReviewForm,
    TestForm,
    build_schema,
)
from bot.adapters.claude_agent._output import (
    Objection,
    build_diagnosis,
    build_reproduction,
    check_ownable,
    collect_ids,
    complete_plan,
    read,
    remove_unknown_ids,
    resolve_ids,
)
from bot.domain.evidence import Commit, Diagnosis, Suspect
from bot.domain.journal import Capsule
from bot.domain.plan import Plan, Step
from tests.fakes.faulty_project import make_reproduction as ours
from tests.fakes.faulty_project import make_single_evidence

CAPSULE = Capsule(exception="IndexError", message="out of range", fingerprint="5dc1e6ef0000")
EVIDENCE = make_single_evidence(CAPSULE, "ab" * 20)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECORD = "01m7y8pbgyc9j76yr277651k8c"
PROTECTION = Protection.create(never=("data/**", ".git*"), review=("bot/client.py",))
RULES = Diagnosis(
    found=True,
    headline="1 IndexError from /roll",
    cause="`face` raises IndexError.",
    file="dice.py",
    line=8,
    count=1,
    evidence_ids=(RECORD,),
)
DRAFT = Plan(
    problem="face raises IndexError",
    solution="the smallest edit",
    steps=(Step(summary="Edit dice.py", owned_files=("dice.py",)),),
    reproduction=ours(),
)
TEST = """import dice


def test_the_last_face_is_f() -> None:
    assert dice.face(6) == "f"
"""


def answer(**changes: object) -> dict[str, object]:
    """Return a complete planner's answer as the program passes it on."""
    return {
        "cause": "`face` counts faces from one and indexes from zero.",
        "confidence": "high",
        "evidence_ids": ["77651k8c"],
        "problem": "The last face of a die raises, all others are one off.",
        "solution": "Take one from the value before it is used as an index.",
        "steps": [{"summary": "Index with value - 1", "owned_files": ["dice.py"]}],
        "risk": "low",
        "impact": "Everybody who rolls.",
        "tests": {"unit": "face(6)", "integration": "", "performance": "", "user_experience": ""},
        "compatibility": "Nothing but the letters changes.",
        "verification": "No more such failures.",
        "rollback": "Revert the commit.",
        **changes,
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "dice.py").write_text("", "utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").write_text("", "utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link.py").symlink_to("/etc/hosts")
    (tmp_path / "out").symlink_to("/etc")
    return tmp_path


def plan_of(root: Path, **changes: object) -> Plan:
    return complete_plan(
        DRAFT, read(PlanForm, answer(**changes)), EVIDENCE, root, PROTECTION, "claude (x)"
    )


# ------------------------------------------------------------------------------------ the shape


@pytest.mark.parametrize("form", [DiagnosisForm, PlanForm, ReviewForm])
def test_a_schema_stands_by_itself(form: type[DiagnosisForm]) -> None:
    text = json.dumps(build_schema(form))
    assert "$ref" not in text
    assert "$defs" not in text
    assert '"additionalProperties": false' in text


def test_no_answer_is_an_objection() -> None:
    with pytest.raises(Objection, match="no structured answer"):
        read(PlanForm, None)


def test_an_objection_names_the_part_that_does_not_fit() -> None:
    with pytest.raises(Objection, match=r"risk: Input should be 'low'"):
        read(PlanForm, answer(risk="none at all"))
    with pytest.raises(Objection, match=r"steps\.0\.owned_files"):
        read(PlanForm, answer(steps=[{"summary": "Edit it all", "owned_files": []}]))
    with pytest.raises(Objection, match="sure: Extra inputs"):
        read(PlanForm, answer(sure=True))


# ----------------------------------------------------------------------------------- its evidence


def test_a_record_may_be_named_by_its_full_or_short_id() -> None:
    known = collect_ids(EVIDENCE)
    assert resolve_ids([RECORD, "77651k8c", "`77651k8c`"], known) == (RECORD,)


def test_a_commit_may_be_named_by_its_first_characters() -> None:
    known = frozenset({"ab" * 20, "cd" * 20, RECORD})
    assert resolve_ids(["abababa", "cd" * 20], known) == ("ab" * 20, "cd" * 20)
    with pytest.raises(Objection):
        resolve_ids(["ababab"], known)


def test_an_invented_id_is_refused_with_those_there_are() -> None:
    with pytest.raises(Objection, match=r"deadbeef is not in the evidence.*77651k8c"):
        resolve_ids(["77651k8c", "deadbeef"], collect_ids(EVIDENCE))


def test_a_claim_without_citations_rests_on_the_records_of_the_failure(root: Path) -> None:
    form = read(PlanForm, answer(evidence_ids=[]))
    assert build_diagnosis(RULES, form, EVIDENCE, "claude (x)").evidence_ids == (RECORD,)
    assert plan_of(root, evidence_ids=[]).evidence_ids == (RECORD,)


def test_a_final_answer_loses_its_wrong_citations_only() -> None:
    form = read(PlanForm, answer(evidence_ids=["deadbeef", "77651k8c"]))
    kept = remove_unknown_ids(form, EVIDENCE)
    assert kept == form.replace(evidence_ids=(RECORD,))


def test_the_facts_stay_the_rules_own() -> None:
    found = build_diagnosis(RULES, read(PlanForm, answer()), EVIDENCE, "claude (x)")
    changed = {name for name, value in dict(found).items() if value != dict(RULES)[name]}
    assert changed == {"cause", "confidence", "explained_by"}


def test_what_the_model_names_comes_first_and_the_records_behind_the_counts_stay() -> None:
    commit = "cd" * 20
    suspect = Suspect(
        commit=Commit(sha=commit, author="Ann", at=NOON, summary="Count faces"),
        reason="blame",
        diff="",
        score=0.9,
    )
    form = read(PlanForm, answer(evidence_ids=["cdcdcdcd"]))
    found = build_diagnosis(RULES, form, EVIDENCE.replace(suspects=(suspect,)), "claude (x)")
    assert found.evidence_ids == (commit, RECORD)


# --------------------------------------------------------------------------------------- its files


def test_a_plan_keeps_what_proves_it(root: Path) -> None:
    plan = plan_of(root)
    assert plan.reproduction == DRAFT.reproduction
    assert plan.owned_files == {"dice.py"}
    assert plan.written_by == "claude (x)"
    assert plan.evidence_ids == (RECORD,)


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("/etc/passwd", "not a path inside"),
        ("../elsewhere.py", "not a path inside"),
        ("a\\b.py", "not a path inside"),
        ("", "not a path inside"),
        (".", "not a path inside"),
        (".git/config", "Mend it elsewhere"),
        (".github/workflows/ci.yml", "Mend it elsewhere"),
        ("data/config.yaml", "No run may change this file"),
        ("DATA/config.yaml", "No run may change this file"),
        ("link.py", "leads out"),
        ("out/hosts", "leads out"),
        ("empty", "a folder"),
        ("empty/new.py", "does not exist"),
        ("nowhere/new.py", "does not exist"),
    ],
)
def test_a_file_no_run_may_change_is_refused(root: Path, file: str, why: str) -> None:
    with pytest.raises(Objection, match=why):
        check_ownable(file, root, PROTECTION)


def test_a_new_file_may_stand_beside_others(root: Path) -> None:
    assert check_ownable("./coins.py", root, PROTECTION) == "coins.py"


def test_a_skill_may_have_a_folder_of_its_own(root: Path) -> None:
    (root / "prompts").mkdir()
    for file in ("SKILL.md", "references/cups.md"):
        path = f"prompts/skills/making-tea/{file}"
        assert check_ownable(path, root, PROTECTION) == path
    for path in ("prompts/skills/Making Tea/SKILL.md", "prompts/other/making-tea/SKILL.md"):
        with pytest.raises(Objection, match="does not exist"):
            check_ownable(path, root, PROTECTION)


def test_a_plan_may_not_own_half_the_repository(root: Path) -> None:
    steps = [
        {"summary": "A part of it", "owned_files": [f"{part}{number}.py" for number in range(5)]}
        for part in ("a", "b")
    ]
    with pytest.raises(Objection, match="10 owned files; at most 8"):
        plan_of(root, steps=steps)
    larger, form = PROTECTION.replace(max_owned_files=9), read(PlanForm, answer(steps=steps))
    with pytest.raises(Objection, match="10 owned files; at most 9"):
        complete_plan(DRAFT, form, EVIDENCE, root, larger, "claude (x)")


WAYS = [
    {"name": f"in the {place}", "summary": "The value is converted in the wrong place."}
    for place in ("reader", "writer")
]


def test_several_approaches_are_kept_and_a_single_one_is_the_plan(root: Path) -> None:
    assert [each.name for each in plan_of(root, approaches=WAYS).approaches] == [
        "in the reader",
        "in the writer",
    ]
    assert plan_of(root, approaches=WAYS[:1]).approaches == ()
    with pytest.raises(Objection, match="two have one name"):
        plan_of(root, approaches=[WAYS[0], WAYS[0]])


def test_the_parts_of_a_fix_have_no_file_in_common(root: Path) -> None:
    steps = [
        {"summary": f"Mend it {part}", "owned_files": ["dice.py"], "part": part}
        for part in ("here", "there")
    ]
    with pytest.raises(Objection, match="only one part may own a file"):
        plan_of(root, steps=steps)


# --------------------------------------------------------------------------------------- its test


def form(**changes: str) -> TestForm:
    whole = {"name": "last face", "source": TEST, "calls": "face(6)", "expects": "IndexError"}
    return TestForm.model_validate(whole | changes)


def nobody(path: str) -> bool:
    return False


def test_a_test_is_put_where_ours_are() -> None:
    test = build_reproduction(form(name="../../conftest"), is_taken=nobody)
    assert test.path == "tests/regressions/test_conftest.py"
    assert test.node_id == "tests/regressions/test_conftest.py::test_the_last_face_is_f"
    assert test.source == TEST


def test_a_test_takes_the_place_of_no_other() -> None:
    taken: Callable[[str], bool] = {
        "tests/regressions/test_last_face.py",
        "tests/regressions/test_last_face_2.py",
    }.__contains__
    assert (
        build_reproduction(form(), is_taken=taken).path == "tests/regressions/test_last_face_3.py"
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def test_it(:\n    pass  # not Python at all", "not Python"),
        ("import dice\n\nVALUE = dice.face(6)\n", "there are 0"),
        (TEST + "\n\n" + TEST.partition("\n\n\n")[2].replace("last", "other"), "there are 2"),
    ],
)
def test_a_test_that_is_none_is_refused(source: str, why: str) -> None:
    with pytest.raises(Objection, match=why):
        build_reproduction(form(source=source), is_taken=nobody)


def test_what_it_expects_is_a_name() -> None:
    with pytest.raises(Objection, match="test"):
        read(PlanForm, answer(test=dict(form()) | {"expects": "IndexError or so"}))
    assert (
        build_reproduction(form(expects="cogs.dice.BadRoll"), is_taken=nobody).expects == "BadRoll"
    )
