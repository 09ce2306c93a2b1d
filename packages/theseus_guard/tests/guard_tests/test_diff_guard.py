"""The diff guard: a table of changes and what it says of each."""

import difflib

import pytest
from guard_tests.cases import (
    CODE,
    DICE,
    HERE,
    PROTECTION,
    TEST,
    judge_change,
    make_patch,
    make_source,
    redact,
)
from hypothesis import given
from hypothesis import strategies as st
from theseus_guard import PythonText, inspect
from theseus_guard.records import FileChange
from theseus_guard.unified_diff import parse


def swapped(before: str, after: str) -> str:
    assert before in TEST
    return TEST.replace(before, after)


CHANGED = ("test_changed", False)
WEAKER: dict[str, str] = {
    "assertion out": swapped("    assert len(shown) == 1\n", ""),
    "assertion commented out": swapped("    assert len", "    # assert len"),
    "assert True": swapped("assert face(value) == shown", "assert True"),
    "or True": swapped("assert face(value) == shown", "assert face(value) == shown or True"),
    "itself": swapped("assert face(value) == shown", "assert shown == shown"),
    "a tuple": swapped("assert face(value) == shown", "assert (face(value) == shown, 'no')"),
    "not None": swapped("assert face(value) == shown", "assert face(value) is not None"),
    "truthy": swapped("assert face(value) == shown", "assert face(value)"),
    "isinstance": swapped("face(value) == shown", "isinstance(face(value), str)"),
    "contains": swapped("assert len(shown) == 1", "assert len(shown) in (0, 1)"),
    "at least": swapped("assert len(shown) == 1", "assert len(shown) >= 1"),
    "skip mark": swapped("def test_an", "@pytest.mark.skip\ndef test_an"),
    "skipif": swapped("def test_an", "@pytest.mark.skipif(True, reason='x')\ndef test_an"),
    "xfail": swapped("def test_an", "@pytest.mark.xfail\ndef test_an"),
    "skip call": swapped("        face(7)", "        pytest.skip('later')\n        face(7)"),
    "module mark": swapped("@pytest.mark.p", "pytestmark = pytest.mark.skip\n\n\n@pytest.mark.p"),
    "not collected": swapped("def test_an", "__test__ = False\n\n\ndef test_an"),
    "raises Exception": swapped('raises(IndexError, match="range")', "raises(Exception)"),
    "raises a tuple": swapped("raises(IndexError, ", "raises((IndexError, Exception), "),
    "no match": swapped('raises(IndexError, match="range")', "raises(IndexError)"),
    "looser": swapped("abs=1e-6", "abs=1"),
    "roughly": swapped("assert len(shown) == 1", "assert len(shown) == pytest.approx(1)"),
    "cut short": swapped("    with pytest.raises", "    return\n    with pytest.raises"),
    "emptied": swapped(
        '    with pytest.raises(IndexError, match="range"):\n        face(7)\n', "    pass\n"
    ),
    "swallowed": swapped(
        "    assert face(value) == shown\n",
        "    try:\n        assert face(value) == shown\n    except AssertionError:\n        pass\n",
    ),
    "suppressed": swapped(
        "    assert face(value) == shown\n",
        "    with suppress(AssertionError):\n        assert face(value) == shown\n",
    ),
    "case out": swapped('        (3, "c"),\n', ""),
    "noqa": swapped("from cogs.dice import face", "from cogs.dice import face  # noqa: F401"),
    "type ignore": swapped("face(7)", "face(7)  # type: ignore[arg-type]"),
}

STRONGER: dict[str, str] = {
    "one more test": TEST + "\n\ndef test_new() -> None:\n    assert face(4) == 'd'\n",
    "one more assertion": swapped("    assert len", "    assert shown\n    assert len"),
    "one more case": swapped('        (3, "c"),\n', '        (3, "c"),\n        (4, "d"),\n'),
    "renamed test": swapped("test_faces", "test_every_face_is_shown"),
    "tighter": swapped("abs=1e-6", "abs=1e-9"),
    "narrower": swapped("average() > 3", "average() == 3.5"),
    "exact": swapped("pytest.approx(3.5, abs=1e-6)", "3.5"),
    "a helper": swapped(
        "    assert face(value) == shown\n    assert len(shown) == 1\n",
        "    check(value, shown)\n    assert len(shown) == 1\n    assert shown.islower()\n"
        "\n\ndef check(value: int, shown: str) -> None:\n    assert face(value) == shown\n",
    ),
    "a return in a helper": TEST
    + "\n\ndef helper() -> None:\n    if 1:\n        return\n    return\n",
    "an order": swapped(
        "    assert face(value) == shown\n    assert len(shown) == 1\n",
        "    assert len(shown) == 1\n    assert face(value) == shown\n",
    ),
    "a fixture": swapped("def test_faces(value", "def test_faces(room: Room, value"),
    "a comment": swapped("    assert len", "    # One letter, always.\n    assert len"),
    "a class around": TEST
    + "\n\nclass TestMore:\n    def test_it(self) -> None:\n        assert face(1)\n",
    "raises another": swapped("IndexError, match", "KeyError, match"),
}


@pytest.mark.parametrize("after", WEAKER.values(), ids=WEAKER.keys())
def test_a_weakened_test_stops_the_change(after: str) -> None:
    blocking = {found.rule for found in judge_change(HERE, TEST, after) if found.blocking}
    assert blocking == {"test_weakened"}


@pytest.mark.parametrize("after", STRONGER.values(), ids=STRONGER.keys())
def test_a_test_that_grows_or_moves_is_let_through(after: str) -> None:
    assert {(one.rule, one.blocking) for one in judge_change(HERE, TEST, after)} <= {CHANGED}


@pytest.mark.parametrize(
    ("path", "before", "after", "rule"),
    [
        (HERE, TEST, "", "test_deleted"),
        ("tests/conftest.py", TEST, "", "test_deleted"),
        (HERE, TEST, TEST.split("def test_an")[0], "test_deleted"),
        (HERE, TEST, TEST.replace("def test_an", "def skip_an"), "test_deleted"),
        (HERE, TEST, TEST.replace("def test_an", "def _test_an"), "test_deleted"),
        (DICE, CODE, CODE + "KEY = 'sk-secret'\n", "secret"),
        (DICE, CODE, CODE.replace("]", "]  # type: ignore"), "test_weakened"),
        (DICE, CODE, CODE.replace("]", "]  # pragma: no cover"), "test_weakened"),
        (DICE, CODE, "# ruff: noqa\n" + CODE, "test_weakened"),
        (DICE, CODE, CODE + "x = 1\n" * 101, "size"),
        ("Makefile", "a:\n", "b:\n", "immutable_path"),
        (".github/workflows/ci.yml", "a\n", "b\n", "immutable_path"),
        (".gitignore", "a\n", "b\n", "immutable_path"),
        ("bot/settings/_yaml.py", "a = 1\n", "a = 2\n", "immutable_path"),
        ("BOT/Settings/_yaml.py", "a = 1\n", "a = 2\n", "immutable_path"),
        ("tests/contracts/test_new.py", "", "x = 1\n", "immutable_path"),
        ("cogs/.gitattributes", "", "*.py binary\n", "unsafe_file"),
        (".git/hooks/pre-commit", "", "sh\n", "unsafe_file"),
        ("../outside.py", "", "x = 1\n", "unsafe_file"),
        ("/etc/passwd", "a\n", "b\n", "unsafe_file"),
        ("cogs/../../x.py", "", "x = 1\n", "unsafe_file"),
        ("cogs\\dice.py", "", "x = 1\n", "unsafe_file"),
        (".", "", "x = 1\n", "unsafe_file"),
    ],
)
def test_what_stops_a_change(path: str, before: str, after: str, rule: str) -> None:
    assert rule in {found.rule for found in judge_change(path, before, after) if found.blocking}


@pytest.mark.parametrize(
    ("path", "before", "after", "rule", "words"),
    [
        ("bot/client.py", "a = 1\n", "a = 2\n", "protected_path", "explicit approval"),
        ("bot/adapters/x/y.py", "a = 1\n", "a = 2\n", "protected_path", "explicit approval"),
        (
            "packages/theseus_observe/theseus_observe/redaction/_redact_x.py",
            "a = 1\n",
            "a = 2\n",
            "protected_path",
            "explicit",
        ),
        ("tests/cogs/conftest.py", "a = 1\n", "a = 2\n", "protected_path", "how checks run"),
        ("pyproject.toml", "[x]\n", '[x]\n    "leftpad>=1",\n', "new_dependency", "Adds leftpad"),
        (
            "pyproject.toml",
            '    "ruff>=1",\n',
            '    "ruff>=2",\n',
            "new_dependency",
            "Changes ruff",
        ),
        ("requirements.txt", "a==1\n", "a==1\nleftpad\n", "new_dependency", "Adds leftpad"),
        ("requirements/dev.txt", "a==1\n", "a==1\nb==2\n", "new_dependency", "Adds b"),
        ("uv.lock", "x\n", 'x\nname = "leftpad"\n', "new_dependency", "Adds leftpad"),
        ("package.json", "{\n", '{\n  "left-pad": "^1.0"\n', "new_dependency", "Adds left-pad"),
        (DICE, CODE, "import leftpad\n" + CODE, "new_dependency", "Imports leftpad"),
        (DICE, CODE, "from leftpad.x import y\n" + CODE, "new_dependency", "Imports leftpad"),
        (HERE, TEST, TEST.replace("== 1", "== 2"), "test_weakened", "`1` became `2`"),
    ],
)
def test_what_people_are_told_without_stopping_the_change(
    path: str, before: str, after: str, rule: str, words: str
) -> None:
    found = judge_change(path, before, after)
    assert [(one.rule, one.blocking) for one in found if words in one.message] == [(rule, False)]
    assert not any(one.blocking for one in found)


@pytest.mark.parametrize(
    "after",
    [
        CODE.replace("[value]", "[value - 1]"),
        "import random\nimport discord\nfrom bot import client\n" + CODE,
        "from cogs.polls import x\n" + CODE,
        CODE
        + 'TEXT = """\n--- a/x\n+++ b/Makefile\n@@ -1 +1 @@\n'
        + 'diff --git a/Makefile b/Makefile\n"""\n',
        CODE + "-- a/Makefile\n++ b/Makefile\n",
        CODE + "assert True\nself.skipTest('x')\nreturn\n",
    ],
)
def test_an_ordinary_change_of_an_owned_file_is_let_through(after: str) -> None:
    assert judge_change(DICE, CODE, after) == ()


def test_a_file_the_plan_does_not_own_stops_the_change() -> None:
    found = judge_change(DICE, CODE, CODE * 2, owned_files=frozenset({"cogs/polls.py"}))
    assert [(one.rule, one.path, one.blocking) for one in found] == [("ownership", DICE, True)]


def test_the_reproduction_may_be_new_and_does_not_count_in_size() -> None:
    path = "tests/regressions/test_x.py"
    both = make_patch(path, "", "x = 1\n" * 200) + make_patch(DICE, CODE, CODE * 2)
    changes = [
        FileChange(path=path, added=200, removed=0, status="added"),
        FileChange(path=DICE, added=2, removed=0),
    ]
    found = inspect(
        both,
        changes,
        owned_files=frozenset({DICE}),
        base_files=frozenset(),
        protection=PROTECTION,
        allowed_new=frozenset({path}),
        sources={
            **make_source(path, "", "x = 1\n" * 200),
            **make_source(DICE, CODE, CODE * 2),
        },
        redact=redact,
    )
    assert found == ()


def test_nothing_changed_or_only_the_reproduction_stops_the_change() -> None:
    nothing = inspect(
        "",
        [],
        owned_files=frozenset(),
        base_files=frozenset(),
        protection=PROTECTION,
        allowed_new=frozenset(),
        sources={},
        redact=redact,
    )
    assert [(one.rule, one.blocking) for one in nothing] == [("empty", True)]
    path = "tests/regressions/test_x.py"
    only = judge_change(path, "", "x = 1\n", owned_files=frozenset(), allowed_new=frozenset({path}))
    assert [(one.rule, one.blocking) for one in only] == [("empty", True)]


def test_a_changed_file_that_the_diff_does_not_show_stops_the_change() -> None:
    found = inspect(
        make_patch(DICE, CODE, CODE * 2),
        [FileChange(path=DICE, added=2, removed=0), FileChange(path="x.py", added=1, removed=0)],
        owned_files=frozenset({DICE, "x.py"}),
        base_files=frozenset(),
        protection=PROTECTION,
        allowed_new=frozenset(),
        sources={**make_source(DICE, CODE, CODE * 2), "x.py": PythonText("x\n", "y\n")},
        redact=redact,
    )
    assert [(one.rule, one.path, one.blocking) for one in found] == [("unsafe_file", "x.py", True)]


def test_a_case_out_of_the_middle_of_a_long_table_stops_the_change() -> None:
    rows = [f'        ({number}, "{number}"),\n' for number in range(20)]
    before = TEST.replace('        (3, "c"),\n', "".join(rows))
    found = judge_change(HERE, before, before.replace(rows[10], ""))
    assert {(one.rule, one.blocking) for one in found} == {("test_weakened", True)}
    (note,) = judge_change(
        HERE, before, before.replace(rows[10], rows[10] + '        (99, "x"),\n')
    )
    assert (note.rule, note.blocking) == CHANGED


def test_a_line_with_a_secret_is_not_proposed_even_where_it_was_there_before() -> None:
    before = CODE + "KEY = 'sk-secret'\n"
    for found in (
        judge_change(DICE, CODE, before),
        judge_change(DICE, before, before.replace("KEY", "K")),
    ):
        assert [(one.rule, one.path, one.blocking) for one in found] == [("secret", DICE, True)]
        assert "Line 3:" in found[0].message
        assert "sk-secret" not in found[0].model_dump_json()


def test_a_secret_that_is_taken_out_is_told_and_stops_nothing() -> None:
    (found,) = judge_change(DICE, CODE + "KEY = 'sk-secret'\n", CODE)
    assert (found.rule, found.blocking) == ("secret", False)
    assert "shows them redacted" in found.message


def test_an_assertion_that_moves_to_another_test_file_is_not_taken_out() -> None:
    other, more = "tests/cogs/test_more.py", "def test_more() -> None:\n    pass\n"
    line = "    assert len(shown) == 1\n"
    diff = make_patch(HERE, TEST, TEST.replace(line, "")) + make_patch(other, more, more + line)
    found = inspect(
        diff,
        [FileChange(path=HERE, added=0, removed=1), FileChange(path=other, added=1, removed=0)],
        owned_files=frozenset({HERE, other}),
        base_files=frozenset(),
        protection=PROTECTION,
        allowed_new=frozenset(),
        sources={
            **make_source(HERE, TEST, TEST.replace(line, "")),
            **make_source(other, more, more + line),
        },
        redact=redact,
    )
    assert [(one.path, one.rule, one.blocking) for one in found] == [
        (HERE, *CHANGED),
        (other, *CHANGED),
    ]


lines = st.text("ab-+ @\\\"'(", max_size=8) | st.sampled_from(
    ["--- a/x", "+++ b/x", "@@ -1 +1 @@", "diff --git a/x b/x", "new file mode 120000"]
)
texts = st.lists(lines, max_size=8).map(lambda kept: "".join(f"{line}\n" for line in kept))


@given(before=texts, after=texts)
def test_whatever_the_lines_say_they_are_read_as_lines(before: str, after: str) -> None:
    diff = make_patch(DICE, before, after) + make_patch("other.py", "a = 1\n", "a = 2\n")
    changed = [patch for patch in parse(diff) if patch.path == DICE]
    wanted = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    assert len(changed) == 1
    assert len(changed[0].added_lines) - len(changed[0].removed_lines) == sum(
        (line[0] == "+") - (line[0] == "-") for line in wanted
    )
    assert [one.added_lines for one in parse(diff) if one.path == "other.py"] == [["a = 2"]]


@given(st.text(max_size=300) | texts)
def test_what_is_no_diff_does_not_break_the_guard(text: str) -> None:
    inspect(
        text,
        [FileChange(path=DICE, added=1, removed=0)],
        owned_files=frozenset({DICE}),
        base_files=frozenset(),
        protection=PROTECTION,
        allowed_new=frozenset(),
        sources={},
        redact=redact,
    )
