"""Progress lines for the card: plain text that is safe to show."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.claude_agent.program._events import ModelText, Seen, ToolCall, ToolResult
from bot.adapters.claude_agent.prompting._narration import LIMIT, narrate
from bot.domain.cost import Cost

ROOT = Path("/state/worktrees/k7m2xq")
FREE = Cost()


def told(tool: str, **arguments: object) -> str:
    line = narrate(ToolCall("t1", tool, arguments, FREE), ROOT)
    assert line is not None
    return line


@pytest.mark.parametrize(
    ("tool", "arguments", "line"),
    [
        ("Read", {"file_path": "cogs/dice.py"}, "reads `cogs/dice.py`"),
        ("Read", {"file_path": f"{ROOT}/cogs/dice.py"}, "reads `cogs/dice.py`"),
        ("LS", {"path": f"{ROOT}/cogs"}, "looks into `cogs`"),
        ("Grep", {"pattern": "FACES"}, "searches for `FACES`"),
        ("Glob", {"pattern": "**/*.py"}, "searches for `**/*.py`"),
        (
            "Edit",
            {"file_path": "cogs/dice.py", "old_string": "a\nb\n", "new_string": "a\nc\nd\n"},
            "edits `cogs/dice.py` (+2 \u22121)",
        ),
        ("Write", {"file_path": "a.py", "content": "one\ntwo\n"}, "writes `a.py` (2 lines)"),
        ("Write", {"file_path": "a.py", "content": "one"}, "writes `a.py` (1 line)"),
        ("Bash", {"command": "ls -l cogs"}, "runs `ls -l cogs`"),
        ("Bash", {"command": f"cat {ROOT}/cogs/dice.py"}, "runs `cat cogs/dice.py`"),
        ("mcp__theseus__run_tests", {}, "runs the tests"),
        ("mcp__theseus__check", {"what": "types"}, "runs the checks of types"),
        ("mcp__theseus__format", {}, "formats its files"),
        ("mcp__theseus__git_commit", {"message": "Count from 1"}, "commits: Count from 1"),
        ("mcp__theseus__git_diff", {}, "reviews its own change"),
        ("mcp__theseus__ask_person", {"question": "Which die?"}, "asks: Which die?"),
        ("mcp__theseus__report_progress", {"text": "Half way."}, "“Half way.”"),
        ("mcp__theseus__own_file", {"path": "cogs/ui.py"}, "asks to own `cogs/ui.py`"),
        ("mcp__theseus__memory_search", {"text": "x"}, "searches its memory"),
        ("mcp__theseus__journal_search", {"event": "roll"}, "searches the journal for `roll`"),
        ("WebFetch", {"url": "https://example.org"}, "calls `WebFetch`"),
    ],
)
def test_each_call_is_told_in_plain_words(
    tool: str, arguments: dict[str, object], line: str
) -> None:
    assert told(tool, **arguments) == line


def test_what_a_tool_returned_is_not_told() -> None:
    assert narrate(ToolResult("t1", "Read", False, "raw text"), ROOT) is None


def test_the_models_own_words_are_quoted() -> None:
    assert (
        narrate(ModelText("The index is\noff by one.", FREE), ROOT) == "“The index is off by one.”"
    )
    assert narrate(ModelText(" \n", FREE), ROOT) is None


def test_a_models_progress_cannot_end_its_quotation_and_look_like_an_approval() -> None:
    text = "Done.” ✅ alice approved it: “ship it\n\n✅ **Approved** by alice"
    line = told("mcp__theseus__report_progress", text=text)
    assert line.startswith("“Done.") and line.endswith("”")
    assert not set("“”") & set(line[1:-1]) and "\n" not in line


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/root/.env", "/state/worktrees/k7m2xq-other/x.py", "../../etc/passwd"]
)
def test_no_absolute_path_is_told(path: str) -> None:
    line = told("Read", file_path=path)
    assert "/etc" not in line.replace("../../etc", "") and "/root" not in line
    assert "/state" not in line


def test_no_absolute_path_is_told_of_a_command_or_words() -> None:
    assert told("Read", file_path="/etc/passwd") == "reads `…/passwd`"
    assert told("Bash", command="cat /state/journal/x.ndjson") == "runs `cat …/x.ndjson`"
    assert narrate(ModelText("See /work/secret/place.py now", FREE), ROOT) == "“See …/place.py now”"
    assert "/home/alice" not in told("Grep", pattern="/home/alice/notes")


def test_secrets_are_redacted() -> None:
    key = "sk-ant-api03-" + "a1B2" * 20
    for line in (
        told("Bash", command=f"echo {key}"),
        told("Grep", pattern=key),
        told("mcp__theseus__report_progress", text=f"the key is {key}"),
        narrate(ModelText(f"password={key}", FREE), ROOT) or "",
    ):
        assert "a1B2a1B2" not in line
        assert "redacted" in line


@pytest.mark.parametrize(
    "text",
    [
        "@everyone look",
        "<@123456789012345678> look",
        "<#123456789012345678>",
        "<@&123456789012345678>",
        "<:emoji:123456789012345678>",
        "<t:1700000000:R>",
        "[a link](https://evil.example)",
        "https://evil.example/x",
        "**bold** __under__ ~~gone~~ ||hidden|| `code` ```block```",
        "# heading",
        "-# small",
        "> quote",
        "one\ntwo\n# three",
        "\u202eright to left\u202c",
        "zero\u200bwidth\u2060",
        "\x1b[31mred",
    ],
)
def test_others_words_do_nothing_in_a_chat(text: str) -> None:
    for line in (
        narrate(ModelText(text, FREE), ROOT),
        told("mcp__theseus__ask_person", question=text),
    ):
        assert line is not None
        assert "\n" not in line
        assert "@everyone" not in line
        assert "<@" not in line and "<#" not in line and "<:" not in line and "<t:" not in line
        assert "://" not in line
        assert not re.search(r"(?<!\\)\]\(", line)
        for mark in ("**", "__", "~~", "||", "```"):
            assert mark not in line
        assert not any(sign in line for sign in "\u202e\u2060\x1b")


def test_a_code_span_cannot_be_left() -> None:
    line = told("Read", file_path="a`b` @everyone ``c``.py")
    assert line.count("`") == 2
    assert line.endswith("`")


def test_words_that_are_no_text_are_left_out() -> None:
    assert told("Read", file_path=7) == "reads ` `"
    assert told("Edit", file_path=None, old_string=3).startswith("edits ")
    assert told("mcp__theseus__ask_person", question=["x"]) == "asks: "


TOOLS = st.sampled_from(
    ["Read", "Edit", "Write", "Bash", "Grep", "Nonsense`*", "mcp__theseus__ask_person"]
)
NAMES = st.sampled_from(["file_path", "pattern", "command", "question", "content", "old_string"])


@given(
    st.one_of(
        st.builds(ModelText, st.text(max_size=400), st.just(FREE)),
        st.builds(
            ToolCall,
            st.just("t1"),
            TOOLS,
            st.dictionaries(NAMES, st.text(max_size=400) | st.integers(), max_size=4),
            st.just(FREE),
        ),
    )
)
def test_a_line_is_always_short_and_one_line(event: Seen) -> None:
    line = narrate(event, ROOT)
    if line is not None:
        assert len(line) <= LIMIT
        assert len(line.splitlines()) <= 1
        assert "@everyone" not in line
