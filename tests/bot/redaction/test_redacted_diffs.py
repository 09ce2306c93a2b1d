"""A redacted diff is still a diff: no line is lost, and each keeps its sign."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from theseus_observe.redaction import redact

HEAD = "diff --git a/x.sh b/x.sh\n--- a/x.sh\n+++ b/x.sh\n"
SECRETS = ("hunter2hunter2abc", "correcthorse9battery")
BEGIN, END = "-----BEGIN PRIVATE" + " KEY-----", "-----END PRIVATE" + " KEY-----"
KEY = "ghp_" + "x7Kd2" * 7
OVER_LINES = {
    "a backslash at a line's end": ["+PASSWORD=\\", "+hunter2hunter2abc", " x"],
    "a backslash before another side": ["-PASSWORD=\\", "+hunter2hunter2abc", " x"],
    "a wrapped key": ["+" + "x" * 50 + " " + KEY[:20], "+" + KEY[20:], " x"],
    "a private key": [f"+{BEGIN}", "+" + "Ab3d" * 16, f"+{END}", " x"],
    "a private key without an end": [
        f" {BEGIN}",
        "+" + "Ab3d" * 16,
        "-" + "Ef6h" * 16,
        " f(x, y)",
        " x",
    ],
}


def signs(text: str) -> list[str]:
    return [line[:1] for line in text.split("\n")]


def of(*lines: str) -> str:
    return f"{HEAD}@@ -1,3 +1,3 @@ def f():\n" + "\n".join(lines)


@pytest.mark.parametrize("name", OVER_LINES)
def test_a_secret_over_lines_leaves_each_line_a_line(name: str) -> None:
    diff = of(*OVER_LINES[name])

    left = redact(diff)

    assert signs(left) == signs(diff)
    assert left.endswith(OVER_LINES[name][-1])
    for piece in (*SECRETS, "Ab3dAb3d", "Ef6hEf6h", KEY[:20], KEY[20:]):
        assert piece not in left


def test_a_key_over_two_files_keeps_the_numbers_of_its_hunks() -> None:
    diff = of(f"+{BEGIN}") + "\n" + of(f"+{END}", " x")
    left = redact(diff)
    assert signs(left)[3:5] == ["@", "+"]
    assert left.count("\n@@ -1,3 +1,3 @@ ") == 2


def test_a_text_that_is_no_diff_is_left_to_lose_lines() -> None:
    assert redact(f"{BEGIN}\nAb3d\n{END}\nx") == "[redacted:private_key]\nx"


PIECES = st.sampled_from(
    [
        "PASSWORD=\\", "hunter2hunter2abc", "    'correcthorse9battery'", "x = 1", "", BEGIN, END,
        "Ab3d" * 16, KEY, "x" * 50 + " " + KEY[:20], KEY[20:], "token = '", "a@b.example",
        "secret: \\", "password:", '"api_key": \\', "Cookie: a=b", "\\", "@@ -1 +1 @@",
    ]
)  # fmt: skip
LINES = st.builds(
    str.__add__, st.sampled_from(["+", "-", " "]), PIECES | st.text(st.characters(codec="utf-8"))
).map(lambda line: line.replace("\n", ""))


@settings(max_examples=150)
@given(st.lists(LINES, max_size=14))
def test_no_redacted_diff_has_other_lines_or_signs_and_none_changes_again(
    lines: list[str],
) -> None:
    diff = of(*lines)
    left = redact(diff)
    assert signs(left) == signs(diff)
    assert redact(left) == left


@settings(max_examples=150)
@given(st.lists(LINES, max_size=14))
def test_what_is_hidden_in_a_text_is_hidden_in_a_diff(lines: list[str]) -> None:
    diff = of(*lines)
    left = redact(diff)
    for secret in SECRETS:
        shown = redact("\n".join(lines)).count(secret)
        assert left.count(secret) <= shown
