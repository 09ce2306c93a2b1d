"""The comment of the GitHub Action: escaped, complete, and within GitHub's limit."""

import re
from typing import Any

from check_pull_request.checks import Finding, ScriptResult
from check_pull_request.report import format_code, render_report
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.comment_page import DRAWN, EVIL, Page, build_settings, read_page

TEXTS = st.text(max_size=40) | st.sampled_from([EVIL, DRAWN, "</pre>", "a\n\n<b>", "`" * 5, "אב|x"])


@given(TEXTS)
def test_escaped_text_reads_as_the_text(text: str) -> None:
    page = Page(MarkdownIt("commonmark", {"html": True}).render(f"x {format_code(text)} y"))
    assert (page.plain.strip(), page.tags, len(page.code)) == ("x  y", {"p", "code"}, 1)
    shown = re.sub("⟨U\\+[0-9A-F]{4,6}⟩", "", page.code[0]).strip("\u2068\u2069")
    drawn = [letter for letter in text if letter in shown]
    assert [letter for letter in shown if letter not in "⟨⟩"] == [
        letter for letter in drawn if letter not in "⟨⟩"
    ]


def build_change(text: str) -> dict[str, Any]:
    difference = {"step": 0, "before": [text] * 12, "after": []}
    return {"script": 0, "asked": text, "difference": difference, "is_fixed": False}


@settings(max_examples=30)
@given(TEXTS, st.integers(0, 300), st.integers(0, 60))
def test_a_report_fits_and_is_complete_html(text: str, findings: int, changes: int) -> None:
    compared = {
        "answers": 60, "changed": changes, "varied": 1, "unplayed": text,
        "changes": [build_change(text * 20)] * changes,
    }  # fmt: skip
    results = [ScriptResult(text, compared, trouble=text), ScriptResult(text, reason=text)]
    found = [Finding(True, text * 5, 7, text * 20)] * findings
    report = render_report(build_settings(), "b" * 40, found, results)
    page = read_page(report)
    left_out = re.findall(r"There is no room for (\d+) more (\w+)", page.plain)
    rows = report.count("| **blocks** |")
    assert rows + sum(int(count) for count, what in left_out if what == "findings") == findings
    assert findings == 0 or rows > 0
