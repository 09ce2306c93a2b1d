"""Every reader of a diff reads it the same way: by its counts."""

from hypothesis import given
from hypothesis import strategies as st
from theseus_guard.unified_diff import parse

from bot.infra.annotated_diff import annotate_files, annotate_lines

DIFF = """before
diff --git a/cogs/dice.py b/cogs/dice.py
index 111..222 100644
--- a/cogs/dice.py
+++ b/cogs/dice.py
@@ -1,3 +1,3 @@ def roll():
 one
-two
+2
--- a comment that looks like a header
+++ b/another.py
\\ No newline at end of file
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
"""
HOSTILE = [
    "--- a/x", "+++ b/x", "@@ -1 +1 @@", "diff --git a/x b/x", "\\ No newline", "", "a\x0cb",
    "a\rb",
]  # fmt: skip


def test_every_line_of_the_text_is_there_once_and_whole() -> None:
    lines = annotate_lines(DIFF)
    assert [line.sign + line.text for line in lines] == DIFF.splitlines()
    assert [line.text for line in annotate_lines("no diff\nat all\n")] == ["no diff", "at all"]


def test_lines_are_told_apart_by_the_counts_of_their_hunk() -> None:
    dice, logo = annotate_files(DIFF)
    assert [(line.kind, line.old, line.new) for line in dice.lines[4:]] == [
        ("hunk", None, None), ("same", 1, 1), ("removed", 2, None), ("added", None, 2),
        ("removed", 3, None), ("added", None, 3), ("note", None, None),
    ]  # fmt: skip
    assert (dice.patch.path, logo.patch.path) == ("cogs/dice.py", "logo.png")
    assert {line.kind for line in logo.lines} == {"header"}


def test_a_file_without_a_new_side_is_deleted_whoever_wrote_the_diff() -> None:
    (patch,) = parse("--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x = 1\n")
    assert (patch.path, patch.status) == ("old.py", "deleted")


@given(st.lists(st.sampled_from(HOSTILE) | st.text(alphabet="ab+-@\\ ", max_size=6), max_size=8))
def test_no_text_of_a_line_ends_its_hunk(texts: list[str]) -> None:
    added = "".join(f"+{text}\n" for text in texts)
    head = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n"
    diff = f"{head}@@ -1 +1,{len(texts) + 1} @@\n same\n{added}"
    (file,) = annotate_files(diff)
    assert [line.text for line in file.lines if line.kind == "added"] == texts
    assert file.patch.added_lines == texts


@given(st.text(alphabet=st.sampled_from("ab+-@\\ \n\r12,"), max_size=200))
def test_whatever_it_is_no_line_is_lost(text: str) -> None:
    whole = f"diff --git a/x b/x\n{text}"
    shown = "\n".join(line.sign + line.text for line in annotate_lines(whole))
    assert shown.replace(" ", "") == whole.removesuffix("\n").replace(" ", "")


def test_a_diff_that_is_cut_anywhere_keeps_every_line_that_is_there() -> None:
    head = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,50 +1,50 @@\n"
    whole = f"{head} same\n-before\n+after\n\n"
    for end in range(1, len(whole)):
        lines = whole[:end].removesuffix("\n").split("\n")
        assert [line.text for line in annotate_lines(whole[:end])] == [
            line[1:] if place > 3 else line for place, line in enumerate(lines)
        ]
