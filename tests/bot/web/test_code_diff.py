"""Diffs side by side: which lines stand beside each other, their colours, and hostile text."""

from datetime import UTC, datetime

from bot.domain.dialogue import Instruction
from bot.web._code_diff import MAX_ROWS, FileDiff, build_code_diff, compute_digests


def build_file(path: str, *lines: str, first: int = 1) -> FileDiff:
    """Return the one file of a diff of one hunk."""
    old = sum(line[0] in " -" for line in lines)
    new = sum(line[0] in " +" for line in lines)
    head = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"
    text = f"{head}@@ -{first},{old} +{first},{new} @@\n" + "".join(f"{line}\n" for line in lines)
    [file] = build_code_diff(text)
    return file


def list_pairs(file: FileDiff) -> list[tuple[int | None, int | None]]:
    return [
        (row.old and row.old.number, row.new and row.new.number)
        for row in file.rows
        if row.note is None
    ]


def test_removed_lines_stand_beside_the_added_lines_that_follow() -> None:
    file = build_file("x.py", " a", "-b", "-c", "+B", " d", "+e", first=7)
    assert list_pairs(file) == [(7, 7), (8, 8), (9, None), (10, 9), (None, 10)]
    assert (file.added, file.removed) == (2, 2)


def test_every_line_keeps_its_text_whatever_colours_it_has() -> None:
    lines = ("+def f(x):  # <b>", "+    return '&' + \"\\t\"", "+\tx = 0x", "+", '+"""open')
    for name in ("x.py", "x.yaml", "x.json", "x.toml", "x.html"):
        shown = [
            "".join(text for _, text in row.new.spans)
            for row in build_file(name, *lines).rows
            if row.new
        ]
        assert shown == [line[1:] for line in lines]
    coloured = build_file("x.py", *lines).rows[1].new
    assert coloured is not None
    assert coloured.spans[0] == ("hl-keyword", "def")


def test_what_would_take_long_has_no_colours_and_long_diffs_are_cut() -> None:
    wide = build_file("x.py", "+def f(): " + "(" * 500)
    assert wide.rows[1].new is not None
    assert len(wide.rows[1].new.spans) == 1
    long = build_file("x.py", *(["+def f(): pass" + " " * 60] * (MAX_ROWS + 5)))
    assert (len(long.rows), long.cut) == (MAX_ROWS, 6)
    assert long.rows[1].new is not None
    assert len(long.rows[1].new.spans) == 1


def test_comments_stand_at_their_line_or_at_the_end_of_the_file() -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    on_line, elsewhere, other = (
        Instruction(key=key, text="no", by="ada", how="page", at=now, file=file, line=line)
        for key, file, line in (("a", "x.py", 2), ("b", "x.py", 90), ("c", "y.py", 2))
    )
    diff = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,1 +1,2 @@\n a\n+b\n"
    [file] = build_code_diff(diff, (on_line, elsewhere, other))
    assert [row.comments for row in file.rows if row.new] == [(), (on_line,)]
    assert file.comments == (elsewhere,)


def test_a_digest_changes_with_the_diff_and_secrets_over_lines_are_left_out() -> None:
    head = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,1 +1,1 @@\n"
    first, second = (compute_digests(f"{head}-a\n+{new}\n")["x.py"] for new in "bc")
    assert first != second
    key = ["+-----BEGIN PRIVATE KEY-----", *["+" + "QUJD" * 16] * 9, "+-----END PRIVATE KEY-----"]
    assert "QUJD" not in str(build_file("x.py", *key, "+after"))
