"""Two changes of one text are merged by a few rules; everything else is a conflict."""

import pytest

from bot.infra.additions import describe_conflicts, merge_texts

BASE = "import os\n\n\ndef a() -> int:\n    return 1\n\n\ndef z() -> int:\n    return 1\n"
B, C = (f"def {name}() -> int:\n    return 1\n\n\n" for name in "bc")
END = "def z("
OTHER = BASE.replace("import os", "import re")
GUARDED = "def may(who: int) -> bool:\n    if who != 1:\n        return False\n    return True\n"


def insert(text: str, before: str = END, base: str = BASE) -> str:
    """Return the base with a text before one of its lines."""
    return base.replace(before, f"{text}{before}")


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (insert(B), insert(C), insert(B + C)),
        (BASE + "\n\n" + B.strip() + "\n", BASE + "\n\n" + C.strip() + "\n",
         BASE + "\n\n" + B.strip() + "\n\n\n" + C.strip() + "\n"),
        (insert(B), insert(B), insert(B)),
        (insert(B), OTHER, insert(B, base=OTHER)),
        (insert("@only_owner\n"), insert(C), None),
        (insert("x = 1\n\n\n"), insert("y = 2\n\n\n"), None),
        (BASE.replace("return 1", "return 2"), BASE.replace("return 1", "return 3"), None),
    ],
)  # fmt: skip
def test_whole_functions_at_one_place_are_both_kept(
    ours: str, theirs: str, both: str | None
) -> None:
    assert merge_texts(BASE, ours, theirs, is_python=True).text == both


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "both"),
    [
        ("import os\n", "import os\nimport re\n", "import ast\nimport os\n",
         "import ast\nimport os\nimport re\n"),
        ("from m import b\n", "from m import a, b\n", "from m import b, C\n",
         "from m import C, a, b\n"),
        ("from m import b\n", "from m import a, b\n", "from n import b\n", None),
        ("from m import b\n", "from m import b\nfrom n import may\n",
         "from evil import may\nfrom m import b\n", None),
        ("from m import b\n", "from m import b  # noqa: F401\n", "from m import a, b\n", None),
        ("from m import b\n", "from m import *\n", "from m import a, b\n", None),
        ("import a.b\n", "import a.b\nimport a.c\n", "import a.b\nimport a.d\n",
         "import a.b\nimport a.c\nimport a.d\n"),
    ],
)  # fmt: skip
def test_imports_are_combined_unless_one_is_lost_or_means_two_things(
    base: str, ours: str, theirs: str, both: str | None
) -> None:
    assert merge_texts(base, ours, theirs, is_python=True).text == both


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "both"),
    [
        ("# New\n\n- old\n", "# New\n\n- a\n- old\n", "# New\n\n- b\n  on\n- old\n",
         "# New\n\n- a\n- b\n  on\n- old\n"),
        ("| x |\n|---|\n", "| x |\n|---|\n| a |\n", "| x |\n|---|\n| b |\n",
         "| x |\n|---|\n| a |\n| b |\n"),
        ('[\n    "x",\n]\n', '[\n    "x",\n    "a",\n]\n', '[\n    "x",\n    "a",\n    "b",\n]\n',
         '[\n    "x",\n    "a",\n    "b",\n]\n'),
        ("may: [1]\n", "may: [1]\nask: [1]\n", "may: [1]\nask: [2]\n", None),
        ("text\n", "text\nmore\n", "text\nelse\n", None),
    ],
)  # fmt: skip
def test_entries_and_rows_at_one_place_are_both_kept(
    base: str, ours: str, theirs: str, both: str | None
) -> None:
    assert merge_texts(base, ours, theirs, is_python=False).text == both


OPEN = "def may(who: int) -> bool:\n    return True\n"
CLASS = "class Dice:\n    def face(self) -> int:\n        return 1\n"
CHECKED, ENDED = (
    BASE.replace("    return 1\n\n\ndef z", f"    {text}\n    return 1\n\n\ndef z")
    for text in ("check()", "return 2")
)


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        # A function that would replace the guard that the other side adds, or makes stricter.
        ("x = 1\n", f"x = 1\n{GUARDED}", f"x = 1\n{OPEN}"),
        (f"x = 1\n{OPEN}", f"x = 1\n{GUARDED}{B}", f"x = 1\n{OPEN}{C}{OPEN}"),
        # Statements, even where both only add: one would go before the other's check.
        (BASE, CHECKED, ENDED),
        # A method, which would end up inside of the other side's function.
        (CLASS, f"{CLASS}{B}", f"{CLASS}\n    def may(self) -> bool:\n        return False\n"),
        # A decorator, which would move to the other side's function.
        (BASE, insert("@only_owner\n"), insert(C)),
    ],
)
def test_no_rule_takes_a_guard_away(base: str, ours: str, theirs: str) -> None:
    merge = merge_texts(base, ours, theirs, is_python=True)
    assert merge.text is None
    assert describe_conflicts(merge)


def test_a_conflict_has_both_sides() -> None:
    merge = merge_texts("a = 1\n", "a = 2\n", "a = 3\n", is_python=True)
    assert describe_conflicts(merge) == "ours:\na = 2\ntheirs:\na = 3\n"
    assert len(describe_conflicts(merge, 10)) == 10
