"""Renders the comment. All text of the pull request is escaped, and the length is bounded."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from check_pull_request.checks import Finding, ScriptResult
from check_pull_request.settings import Settings

MARKER = "<!-- theseus-pull-request-check -->"
MOST_CHARACTERS = 65_000  # GitHub refuses more than 65,536
_RESERVED = 1_000  # of these, for the heading, the last line and the notes on what is left out
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def escape(text: str, most: int = 500) -> str:
    """Return text as HTML in which nothing has a meaning, for use inside `<code>` or `<pre>`.

    Every character but letters, digits and spaces becomes a numeric entity, so neither Markdown nor
    HTML sees any syntax. GitHub looks for no mention and no reference inside these elements.
    Characters that are not drawn are named.
    """
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    escaped = "".join(map(_escape_character, cut))
    if any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in cut):
        return f"\u2068{escaped}\u2069"  # an isolate: the text around it keeps its order
    return escaped


def _escape_character(letter: str) -> str:
    if letter == " " or (letter.isascii() and letter.isalnum()):
        return letter
    category = unicodedata.category(letter)
    if category[0] == "C" or category in ("Zl", "Zp"):
        return f"⟨U+{ord(letter):04X}⟩"
    return f"&#{ord(letter)};" if letter.isascii() else letter


def format_code(text: str, most: int = 500) -> str:
    """Return text as `<code>`, on one line."""
    return f"<code>{escape(text, most)}</code>"


def measure(text: str) -> int:
    """Return the length of a text as GitHub counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def join_parts(parts: Iterable[str], most: int, what: str) -> str:
    """Return the parts that have room, one after the other, and how many are left out.

    A part is a complete row or block: the result has no open element.
    """
    kept: list[str] = []
    size, left_out = 0, 0
    for part in parts:
        length = measure(part) + 1
        if size + length > most:
            left_out += 1
        else:
            size += length
            kept.append(part)
    if left_out:
        kept.append(f"\nThere is no room for {left_out} more {what}.")
    return "\n".join(kept)


def render_report(
    settings: Settings,
    merge_base: str,
    findings: Sequence[Finding],
    answers: Sequence[ScriptResult] | str,
) -> str:
    """Return the comment, shorter than GitHub's limit."""
    half = (MOST_CHARACTERS - _RESERVED) // 2
    table = join_parts(_render_findings(settings, findings), half, "findings")
    rest = MOST_CHARACTERS - _RESERVED - measure(table)
    return "\n\n".join(
        [
            MARKER,
            f"### Theseus: {summarize(findings, answers)}",
            table,
            join_parts(_render_answers(answers), rest, "parts"),
            f"Compared {format_code(merge_base[:12])}, where the branches part, with "
            f"{format_code(settings.head[:12])}. Each push updates this text.",
        ]
    )


def summarize(findings: Sequence[Finding], answers: Sequence[ScriptResult] | str) -> str:
    blocking = sum(each.is_blocking for each in findings)
    text = f"findings: {blocking} blocking, {len(findings) - blocking} to look at"
    results = () if isinstance(answers, str) else answers
    played = [each.compared for each in results if each.compared is not None]
    if not played:
        return f"{text}; answers not compared"
    changed, total = (sum(each[key] for each in played) for key in ("changed", "answers"))
    return f"{text}; {changed} of {total} answers change"


def _render_findings(settings: Settings, findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        yield "The diff guard found nothing."
        return
    yield "| severity | where | finding |\n|---|---|---|"
    for each in findings:
        severity = "**blocks**" if each.is_blocking else "look"
        yield f"| {severity} | {_render_place(settings, each)} | {format_code(each.message)} |"


def _render_place(settings: Settings, finding: Finding) -> str:
    if not finding.path:
        return "the change"
    shown = format_code(f"{finding.path}:{finding.line}" if finding.line else finding.path, 200)
    path = quote(finding.path.encode(errors="surrogateescape"), safe="/")
    line = f"#L{finding.line}" if finding.line else ""
    url = f"{settings.server}/{settings.repository}/blob/{settings.head}/{path}{line}"
    return f'<a href="{url}">{shown}</a>' if len(path) <= 500 else shown


def _render_answers(answers: Sequence[ScriptResult] | str) -> Iterator[str]:
    if isinstance(answers, str):
        yield f"Answers were not compared: {format_code(answers)}."
        return
    for each in answers:
        if each.compared is not None:
            yield from _render_comparison(format_code(each.name), each, each.compared)
    # One reason, such as a missing sandbox, often holds for all scripts.
    reasons: dict[str, list[str]] = {}
    for each in answers:
        if each.compared is None:
            reasons.setdefault(each.reason, []).append(each.name)
    for reason, names in reasons.items():
        shown = ", ".join(map(format_code, names[:5]))
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield f"Answers to {shown}{more} were not compared: {format_code(reason)}.\n"


def _render_comparison(
    name: str, result: ScriptResult, compared: Mapping[str, Any]
) -> Iterator[str]:
    if result.trouble:
        yield f"{name}: **the bot fails**: {format_code(result.trouble)}\n"
    if compared["unplayed"]:
        yield f"{name}: {format_code(compared['unplayed'])}\n"
    yield from (_render_change(name, change) for change in compared["changes"])
    hidden = compared["changed"] - len(compared["changes"])
    if hidden > 0:
        yield f"{name}: {hidden} more answers change.\n"
    if compared["varied"]:
        yield f"{name}: {compared['varied']} answers differ from run to run already.\n"


def _render_change(name: str, change: Mapping[str, Any]) -> str:
    fixed = "fixed: " if change["is_fixed"] else ""
    lines = []
    for label, sign, texts in (
        ("before", "-", change["difference"]["before"]),
        ("after", "+", change["difference"]["after"]),
    ):
        lines += [label, *(f"{sign} {escape(text, 400)}" for text in texts or ("nothing",))]
    shown = "\n".join(lines)
    return (
        f"<details><summary>{fixed}{format_code(change['asked'], 200)} "
        f"({name})</summary>\n\n<pre>\n{shown}\n</pre>\n\n</details>\n"
    )
