"""Every added line of a change is in the approver's text, or the change is stopped."""

from collections.abc import Sequence

from guard_tests.cases import CODE, DICE, PROTECTION, make_patch, make_source
from hypothesis import given, settings
from hypothesis import strategies as st
from theseus_guard import build_approver_text, inspect
from theseus_guard.records import FileChange, Finding
from theseus_guard.unified_diff import parse
from theseus_observe.redaction import redact

BEGIN, END = "# -----BEGIN PRIVATE KEY-----\n", "# -----END PRIVATE KEY-----\n"
OTHER = "cogs/polls.txt"


def blocked(diff: str, before: str, after: str) -> list[Finding]:
    """Return what the guard, with the real redactor, objects to in a change of one Python file."""
    changes = [
        FileChange(path=each.path, added=len(each.added_lines), removed=len(each.removed_lines))
        for each in parse(diff)
    ]
    found = inspect(
        diff,
        changes,
        base_files=frozenset(),
        owned_files=frozenset(change.path for change in changes),
        protection=PROTECTION,
        allowed_new=frozenset(),
        sources=make_source(DICE, before, after),
        redact=redact,
    )
    return [one for one in found if one.blocking]


def test_code_between_the_marks_of_a_key_cannot_be_proposed() -> None:
    after = f"{CODE}\n\n{BEGIN}payload()\n{END}"
    diff = make_patch(DICE, CODE, after)
    assert "payload" not in redact(diff)
    (found,) = blocked(diff, CODE, after)
    assert (found.rule, found.path) == ("secret", DICE)
    assert "Line 5, 6, 7:" in found.message


def test_code_between_marks_that_were_there_before_cannot_be_proposed() -> None:
    before = f"{CODE}{BEGIN}# one\n# two\n{END}"
    after = before.replace("# two\n", "# two\npayload()\n")
    (found,) = blocked(make_patch(DICE, before, after), before, after)
    assert (found.rule, found.path) == ("secret", DICE)
    assert "Line 6:" in found.message


def test_code_between_marks_in_other_files_cannot_be_proposed() -> None:
    around = [make_patch(name, "", text) for name, text in ((OTHER, BEGIN), ("cogs/z.txt", END))]
    after = CODE + "payload()\n"
    diff = around[0] + make_patch(DICE, CODE, after) + around[1]
    assert "payload" not in redact(diff)
    assert {(one.rule, one.path) for one in blocked(diff, CODE, after)} >= {("secret", DICE)}


def test_a_path_that_would_not_be_shown_as_it_is_cannot_be_proposed() -> None:
    path = f"cogs/ghp_{'A1b2C3d4E5f6' * 3}.txt"
    moved = f"diff --git a/{OTHER} b/{path}\nsimilarity index 100%\n"
    moved += f"rename from {OTHER}\nrename to {path}\n"
    for diff in (make_patch(path, "", "X = 1\n"), moved, moved.replace(path, "cogs/a@b.example")):
        assert "secret" in {one.rule for one in blocked(diff, "", "")}


def test_a_binary_is_named_above_the_diff_that_does_not_show_it() -> None:
    diff = make_patch(DICE, CODE, CODE * 2) + (
        "diff --git a/x.png b/x.png\nnew file mode 100644\nindex 0..1\n"
        "Binary files /dev/null and b/x.png differ\n"
    )
    first, _, rest = build_approver_text(diff).partition("\n\n")
    assert first == "# Not shown: x.png (binary, added); read it at the pull request."
    assert rest == diff


keys = st.sampled_from([BEGIN, END, BEGIN.lower(), "password = 'hunter2hunter2'\n"])
words = st.sampled_from(
    ["x = 1\n", "pass\n", "payload()\n", "a@b.example\n", "\n", "@@ -1 +1 @@\n"]
)
lines = st.lists(keys | words, max_size=12)


@settings(max_examples=60)
@given(lines, lines, lines)
def test_whatever_is_added_is_shown_as_it_is_or_stopped(
    before: Sequence[str], after: Sequence[str], other: Sequence[str]
) -> None:
    diff = make_patch(DICE, "".join(before), "".join(after)) + make_patch(OTHER, "", "".join(other))
    stopped = {one.path for one in blocked(diff, "", "") if one.rule == "secret"}
    shown = iter(redact(build_approver_text(diff)).split("\n"))
    for each in parse(diff):
        for line in each.added_lines:  # in their order
            assert each.path in stopped or f"+{line}" in shown
