"""The diff guard: a table of changes and what it says of each."""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.change import FileChange, Finding
from bot.domain.checks import Protection
from bot.domain.diff_guard import inspect
from bot.domain.diff_guard._parse import parse
from tests.fakes.repositories import git, repository, write

PROTECTION = Protection(
    security=("bot/client.py", "bot/adapters/**", "bot/telemetry/_redaction*"),
    immutable=(".git*", ".ci/**", "Makefile", "bot/settings/**", "tests/contracts/**"),
    max_changed_lines=100,
)
CODE = "def face(value: int) -> str:\n    return FACES[value]\n"
TEST = """import pytest

from cogs.dice import face


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ],
)
def test_faces(value: int, shown: str) -> None:
    assert face(value) == shown
    assert len(shown) == 1


def test_an_unknown_face_is_an_error() -> None:
    with pytest.raises(IndexError, match="range"):
        face(7)


def test_the_average_is_close() -> None:
    assert average() == pytest.approx(3.5, abs=1e-6)
    assert average() > 3
"""


def find_secrets(text: str) -> Sequence[str]:
    return ["secret"] * text.count("sk-secret")


def patch(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{path}" if before else "/dev/null",
        f"b/{path}" if after else "/dev/null",
    )
    mode = "" if before else "new file mode 100644\n"
    mode += "" if after else "deleted file mode 100644\n"
    return f"diff --git a/{path} b/{path}\n{mode}index 1..2\n{''.join(lines)}"


def judged(
    path: str,
    before: str,
    after: str,
    *,
    owned: frozenset[str] | None = None,
    allowed_new: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    status = "modified" if before and after else "added" if after else "deleted"
    diff = patch(path, before, after)
    lines = diff.split("\n@@", 1)[-1].splitlines()
    change = FileChange.model_validate(
        {
            "path": path,
            "status": status,
            "added": sum(line.startswith("+") for line in lines),
            "removed": sum(line.startswith("-") for line in lines),
        }
    )
    return inspect(
        diff,
        [change],
        owned=frozenset({path}) if owned is None else owned,
        protection=PROTECTION,
        allowed_new=allowed_new,
        find_secrets=find_secrets,
        known_import=lambda name: name in {"discord", "pytest", "bot", "cogs"},
    )


def swapped(before: str, after: str) -> str:
    assert before in TEST
    return TEST.replace(before, after)


DICE = "cogs/dice.py"
HERE = "tests/cogs/test_dice.py"

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
    blocking = {found.rule for found in judged(HERE, TEST, after) if found.blocking}
    assert blocking == {"test_weakened"}


@pytest.mark.parametrize("after", STRONGER.values(), ids=STRONGER.keys())
def test_a_test_that_grows_or_moves_is_let_through(after: str) -> None:
    assert judged(HERE, TEST, after) == ()


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
    assert rule in {found.rule for found in judged(path, before, after) if found.blocking}


@pytest.mark.parametrize(
    ("path", "before", "after", "rule", "words"),
    [
        ("bot/client.py", "a = 1\n", "a = 2\n", "protected_path", "explicit word"),
        ("bot/adapters/x/y.py", "a = 1\n", "a = 2\n", "protected_path", "explicit word"),
        ("bot/telemetry/_redaction_x.py", "a = 1\n", "a = 2\n", "protected_path", "explicit"),
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
    found = judged(path, before, after)
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
        CODE + "assert True\npytest.skip('x')\nreturn\n",
    ],
)
def test_an_ordinary_change_of_an_owned_file_is_let_through(after: str) -> None:
    assert judged(DICE, CODE, after) == ()


def test_a_file_the_plan_does_not_own_stops_the_change() -> None:
    found = judged(DICE, CODE, CODE * 2, owned=frozenset({"cogs/polls.py"}))
    assert [(one.rule, one.path, one.blocking) for one in found] == [("ownership", DICE, True)]


def test_the_reproduction_may_be_new_and_does_not_count_in_size() -> None:
    path = "tests/regressions/test_x.py"
    both = patch(path, "", "x = 1\n" * 200) + patch(DICE, CODE, CODE * 2)
    changes = [
        FileChange(path=path, added=200, removed=0, status="added"),
        FileChange(path=DICE, added=2, removed=0),
    ]
    found = inspect(
        both,
        changes,
        owned=frozenset({DICE}),
        protection=PROTECTION,
        allowed_new=frozenset({path}),
        find_secrets=find_secrets,
    )
    assert found == ()


def test_nothing_changed_or_only_the_reproduction_stops_the_change() -> None:
    nothing = inspect(
        "",
        [],
        owned=frozenset(),
        protection=PROTECTION,
        allowed_new=frozenset(),
        find_secrets=find_secrets,
    )
    assert [(one.rule, one.blocking) for one in nothing] == [("empty", True)]
    path = "tests/regressions/test_x.py"
    only = judged(path, "", "x = 1\n", owned=frozenset(), allowed_new=frozenset({path}))
    assert [(one.rule, one.blocking) for one in only] == [("empty", True)]


def test_a_changed_file_that_the_diff_does_not_show_stops_the_change() -> None:
    found = inspect(
        patch(DICE, CODE, CODE * 2),
        [FileChange(path=DICE, added=2, removed=0), FileChange(path="x.py", added=1, removed=0)],
        owned=frozenset({DICE, "x.py"}),
        protection=PROTECTION,
        allowed_new=frozenset(),
        find_secrets=find_secrets,
    )
    assert [(one.rule, one.path, one.blocking) for one in found] == [("unsafe_file", "x.py", True)]


def test_a_case_out_of_the_middle_of_a_long_table_stops_the_change() -> None:
    rows = [f'        ({number}, "{number}"),\n' for number in range(20)]
    before = TEST.replace('        (3, "c"),\n', "".join(rows))
    (found,) = judged(HERE, before, before.replace(rows[10], ""))
    assert (found.rule, found.blocking) == ("test_weakened", True)
    assert judged(HERE, before, before.replace(rows[10], rows[10] + '        (99, "x"),\n')) == ()


def test_a_secret_that_was_there_before_is_not_new_and_none_is_ever_shown() -> None:
    before = CODE + "KEY = 'sk-secret'\n"
    assert judged(DICE, before, before.replace("KEY", "TOKEN")) == ()
    (found,) = judged(DICE, CODE, before)
    assert "sk-secret" not in found.model_dump_json()


def test_an_assertion_that_moves_to_another_test_file_is_not_taken_out() -> None:
    other = "tests/cogs/test_more.py"
    line = "    assert len(shown) == 1\n"
    diff = patch(HERE, TEST, TEST.replace(line, "")) + patch(
        other, "def test_more() -> None:\n", "def test_more() -> None:\n" + line
    )
    found = inspect(
        diff,
        [FileChange(path=HERE, added=0, removed=1), FileChange(path=other, added=1, removed=0)],
        owned=frozenset({HERE, other}),
        protection=PROTECTION,
        allowed_new=frozenset(),
        find_secrets=find_secrets,
    )
    assert found == ()


class Tree:
    """A real repository whose staged changes are judged."""

    def __init__(self, root: Path) -> None:
        self.root = root
        repository(root, {DICE: CODE, HERE: TEST, "run.sh": "true\n", "logo.png": b"\0\1"})

    def judged(self, *owned: str) -> dict[str, set[str]]:
        git(self.root, "add", "-A")
        diff = git(self.root, "diff", "--cached", "-M", "HEAD")
        names = git(self.root, "diff", "--cached", "--no-renames", "--name-status", "-z", "HEAD")
        fields = names.strip("\0").split("\0")
        kinds = {"A": "added", "D": "deleted"}
        changes = [
            FileChange.model_validate(
                {"path": path, "added": 0, "removed": 0, "status": kinds.get(kind, "modified")}
            )
            for kind, path in zip(fields[::2], fields[1::2], strict=True)
        ]
        found = inspect(
            diff,
            changes,
            owned=frozenset(owned or (change.path for change in changes)),
            protection=PROTECTION,
            allowed_new=frozenset(),
            find_secrets=find_secrets,
        )
        rules: dict[str, set[str]] = {}
        for one in found:
            assert one.blocking
            rules.setdefault(one.path, set()).add(one.rule)
        return rules


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def test_a_link_stops_the_change(tree: Tree) -> None:
    (tree.root / "cogs" / "link.py").symlink_to("/etc/passwd")
    assert tree.judged() == {"cogs/link.py": {"unsafe_file"}}


def test_a_file_turned_into_a_link_stops_the_change(tree: Tree) -> None:
    (tree.root / DICE).unlink()
    (tree.root / DICE).symlink_to("/etc/passwd")
    assert tree.judged() == {DICE: {"unsafe_file"}}


def test_an_executable_stops_the_change(tree: Tree) -> None:
    (tree.root / "run.sh").chmod(0o755)
    assert tree.judged() == {"run.sh": {"unsafe_file"}}


def test_a_binary_stops_the_change(tree: Tree) -> None:
    write(tree.root, {"logo.png": b"\0\2", "new.bin": b"\0"})
    assert tree.judged() == {"logo.png": {"unsafe_file"}, "new.bin": {"unsafe_file"}}


def test_a_submodule_stops_the_change(tree: Tree) -> None:
    head = git(tree.root, "rev-parse", "HEAD")
    git(tree.root, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    os.makedirs(tree.root / "sub")  # noqa: PTH103
    repository(tree.root / "sub" / "x")
    assert "unsafe_file" in tree.judged().get("sub", set())


def test_a_test_renamed_out_of_pytests_sight_stops_the_change(tree: Tree) -> None:
    git(tree.root, "mv", HERE, "tests/cogs/dice_checks.py")
    assert tree.judged() == {HERE: {"test_deleted"}}


def test_a_test_that_moves_is_let_through(tree: Tree) -> None:
    git(tree.root, "mv", HERE, "tests/test_dice.py")
    assert tree.judged() == {}


def test_both_ends_of_a_rename_must_be_owned(tree: Tree) -> None:
    git(tree.root, "mv", DICE, "cogs/cubes.py")
    assert tree.judged("cogs/cubes.py") == {DICE: {"ownership"}}


def test_names_that_git_quotes_are_read_back(tree: Tree) -> None:
    odd = ["cogs/\u00e4 b.py", 'cogs/"q".py', "cogs/tab\there.py"]
    write(tree.root, dict.fromkeys(odd, "x = 1\n"))
    assert tree.judged() == {odd[2]: {"unsafe_file"}}


def test_an_empty_new_file_and_a_file_without_a_last_newline_are_read(tree: Tree) -> None:
    write(tree.root, {"cogs/__init__.py": "", DICE: CODE.rstrip("\n")})
    assert tree.judged() == {}


lines = st.text("ab-+ @\\\"'(", max_size=8) | st.sampled_from(
    ["--- a/x", "+++ b/x", "@@ -1 +1 @@", "diff --git a/x b/x", "new file mode 120000"]
)
texts = st.lists(lines, max_size=8).map(lambda kept: "".join(f"{line}\n" for line in kept))


@given(before=texts, after=texts)
def test_whatever_the_lines_say_they_are_read_as_lines(before: str, after: str) -> None:
    diff = patch(DICE, before, after) + patch("other.py", "a = 1\n", "a = 2\n")
    changed = [patch for patch in parse(diff) if patch.path == DICE]
    wanted = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    assert len(changed) == 1
    assert len(changed[0].added) - len(changed[0].removed) == sum(
        (line[0] == "+") - (line[0] == "-") for line in wanted
    )
    assert [one.added for one in parse(diff) if one.path == "other.py"] == [["a = 2"]]


@given(st.text(max_size=300) | texts)
def test_what_is_no_diff_does_not_break_the_guard(text: str) -> None:
    inspect(
        text,
        [FileChange(path=DICE, added=1, removed=0)],
        owned=frozenset({DICE}),
        protection=PROTECTION,
        allowed_new=frozenset(),
        find_secrets=find_secrets,
    )
