"""Suspect commits are reverted in their smallest parts, wherever the text is now."""

import pytest
from theseus_repair.model import Candidate, SuspectHunk
from theseus_repair.reverts import parse_diff, propose

BEFORE = """\
def first(items):
    return items[0]


def last(items):
    return items[len(items) - 1]
"""
AFTER = """\
def first(items):
    return items[0]


def last(items, default=None):
    if default is None:
        default = 0
    return items[len(items)]
"""
DIFF = """\
commit 1234567890abcdef
diff --git a/pkg/lists.py b/pkg/lists.py
index 1..2 100644
--- a/pkg/lists.py
+++ b/pkg/lists.py
@@ -2,5 +2,7 @@
     return items[0]
 
 
-def last(items):
-    return items[len(items) - 1]
+def last(items, default=None):
+    if default is None:
+        default = 0
+    return items[len(items)]
"""


def texts_of(candidates: list[Candidate], text: str) -> list[str]:
    return [candidate.apply({"pkg/lists.py": text})["pkg/lists.py"] for candidate in candidates]


def test_a_diff_is_read_hunk_by_hunk_with_its_paths_and_lines() -> None:
    (hunk,) = parse_diff(DIFF, "1234567", 2)

    assert (hunk.path, hunk.commit, hunk.old_start, hunk.new_start) == (
        "pkg/lists.py",
        "1234567",
        2,
        2,
    )
    assert hunk.age == 2
    assert hunk.lines[3] == "-def last(items):"


def test_deleted_files_and_lines_that_look_like_headers_are_no_trouble() -> None:
    diff = (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x = 1\n"
        "diff --git a/b.py b/b.py\n--- a/b.py\n+++ b/b.py\n@@ -1,2 +1,2 @@\n--- x\n+++ y\n z = 1\n"
    )

    (hunk,) = parse_diff(diff)

    assert hunk.path == "b.py"
    assert hunk.lines == ("--- x", "+++ y", " z = 1")


def test_the_faulty_line_alone_is_undone_and_the_feature_beside_it_survives() -> None:
    wanted = AFTER.replace("items[len(items)]", "items[len(items) - 1]")
    candidates = list(propose({"pkg/lists.py": AFTER}, parse_diff(DIFF)))

    assert wanted in texts_of(candidates, AFTER)


def test_a_whole_commit_can_be_undone_too() -> None:
    candidates = list(propose({"pkg/lists.py": AFTER}, parse_diff(DIFF)))

    assert BEFORE in texts_of(candidates, AFTER)


def test_a_hunk_is_found_again_after_the_lines_above_it_have_moved() -> None:
    moved = '"""Lists."""\n\nimport os\n\n\n' + AFTER
    candidates = list(propose({"pkg/lists.py": moved}, parse_diff(DIFF)))

    assert any("return items[len(items) - 1]\n" in text for text in texts_of(candidates, moved))


def test_removed_lines_come_back_where_they_stood() -> None:
    text = "def f(x):\n    return x.y\n\n\ndef g(x):\n    return x.y\n"
    hunk = SuspectHunk("pkg/lists.py", "c", 5, 5, (
        " def g(x):", "-    if x is None:", "-        return None", "     return x.y"))  # fmt: skip

    (whole,) = {*texts_of(list(propose({"pkg/lists.py": text}, [hunk])), text)}

    assert whole == text.replace(
        "def g(x):\n", "def g(x):\n    if x is None:\n        return None\n"
    )


def test_one_difference_inside_a_line_is_undone_alone() -> None:
    text = "total = price * count + tax\n"
    hunk = SuspectHunk(
        "pkg/lists.py", "c", 1, 1, ("-total = cost * count - tax", "+" + text.rstrip())
    )
    candidates = list(propose({"pkg/lists.py": text}, [hunk]))

    assert {"total = price * count - tax\n", "total = cost * count + tax\n"} <= set(
        texts_of(candidates, text)
    )


def test_a_change_that_is_no_longer_there_is_left_out() -> None:
    assert list(propose({"pkg/lists.py": "x = 1\n"}, parse_diff(DIFF))) == []


def test_a_file_that_a_commit_brought_is_not_undone() -> None:
    added = DIFF.replace("index 1..2 100644", "new file mode 100644").replace(
        "--- a/pkg/lists.py", "--- /dev/null"
    )
    assert parse_diff(added, "1234567") == []
    assert len(parse_diff(DIFF + added.replace("lists.py", "more.py"), "1234567")) == 1


@pytest.mark.parametrize(("others", "whole"), [(10, True), (80, False)])
def test_a_commit_with_much_else_in_it_is_not_undone_whole(others: int, whole: bool) -> None:
    lines = [f"value_{number} = {number}" for number in range(others + 3)]
    text = "\n".join([*lines, "", "", "def first(items):", "    return items[1]", ""])
    diff = "\n".join(
        [
            "diff --git a/pkg/lists.py b/pkg/lists.py",
            "--- a/pkg/lists.py",
            "+++ b/pkg/lists.py",
            f"@@ -1,2 +1,{others + 2} @@",
            f" {lines[0]}",
            *(f"+{line}" for line in lines[1 : others + 1]),
            f" {lines[others + 1]}",
            f"@@ -5,2 +{others + 6},2 @@",
            " def first(items):",
            "-    return items[0]",
            "+    return items[1]",
            "",
        ]
    )
    found = list(propose({"pkg/lists.py": text}, parse_diff(diff, "1234567890")))
    summaries = [each.why for each in found]
    assert ("revert all of commit 1234567890" in summaries) is whole
    assert any("return items[0]" in each.apply({"pkg/lists.py": text})["pkg/lists.py"]
               for each in found if "all of" not in each.why)  # fmt: skip
