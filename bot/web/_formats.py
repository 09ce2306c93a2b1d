"""Formats records for pages: money, counts, times, the subject of a run, a diff."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode

from theseus_observe.redaction import redact

from bot.domain.budget import Cap
from bot.domain.cost import Cost
from bot.domain.evidence import Diagnosis
from bot.domain.incident import Severity
from bot.domain.live_items import LiveItem
from bot.domain.plan import Plan
from bot.domain.record_search import LONGEST_TEXT
from bot.domain.run import Run, Status
from bot.domain.watch import Judgement
from bot.infra.annotated_diff import annotate_lines
from bot.infra.html_templates import Verbatim
from bot.presentation.titles import format_title
from bot.web._chart_tables import Unit

PLACEHOLDER = "\N{EN DASH}"
"""Shown in place of an unknown value."""
MOST_OUTPUT = 6_000
"""The number of characters shown from the end of a check's output."""
MOST_DIFF = 24_000
"""The number of characters shown of a diff."""

_COMMIT = re.compile(r"[0-9a-f]{7,64}")

_TONES = {
    Status.QUEUED: "idle",
    Status.RUNNING: "busy",
    Status.WAITING: "warn",
    Status.DONE: "good",
    Status.FAILED: "bad",
    Status.QUARANTINED: "bad",
    Status.CANCELLED: "idle",
    Status.REJECTED: "idle",
    Severity.HIGH: "bad",
    Severity.MEDIUM: "warn",
    Severity.LOW: "idle",
}


class DiffView(NamedTuple):
    """Lines with their tones; `cut` is the number of characters shown, or 0 if all are shown."""

    lines: Sequence[tuple[str, Verbatim]]
    cut: int


def get_tone(status: Status | Severity) -> str:
    """Return the colour of a label for this status or severity."""
    return _TONES[status]


def get_verdict_tone(verdict: Judgement) -> str:
    """Return the colour of a watch's verdict."""
    return {"fixed": "good", "inconclusive": "idle"}.get(verdict, "bad")


def format_money(usd: float) -> str:
    """Return `$0.00`; less than a cent has four decimal places."""
    return f"${usd:.2f}" if usd >= 0.01 or usd == 0 else f"${usd:.4f}"


def format_cost(what: Run | Cost) -> str:
    """Return the cost, with `≈` in front if a part of it is an estimate."""
    return f"{'≈ ' if what.estimated else ''}{format_money(what.cost_usd)}"


def format_thousands(count: int) -> str:
    """Return `1,234`."""
    return f"{count:,}"


def format_tokens(cost: Run | Cost) -> str:
    """Return `1,234 tokens`, the sum of input and output tokens."""
    return _format_token_count(cost.tokens_in + cost.tokens_out)


def _format_token_count(count: int) -> str:
    return f"{count:,} token{'' if count == 1 else 's'}"


def format_cap(most: Cap | None) -> str:
    """Return a cap: `$5.00 and 1,000 tokens`, or `none` if it has no limit."""
    if most is None or (most.usd is None and most.tokens is None):
        return "none"
    limits = [format_money(most.usd)] if most.usd is not None else []
    limits += [_format_token_count(most.tokens)] if most.tokens is not None else []
    return " and ".join(limits)


def format_subject(run: Run, limit: int = 90) -> str:
    """Return the subject of a run on one line."""
    return format_title(run.trigger, limit)


def join_path(name: str, path: str) -> str:
    """Return the path of one of our pages: `/runs/k7m2xq`."""
    return f"{path}/{name}"


def format_location(found: Diagnosis) -> str:
    """Return the location in a diagnosis: `file:line function`."""
    return f"{found.file}:{found.line} {found.function}"


def list_owned_files(plan: Plan) -> list[str]:
    """Return the files that a plan may change, sorted and without duplicates."""
    return sorted({file for step in plan.steps for file in step.owned_files})


def format_yes_no(value: object) -> str:
    """Return a fact about the bot as text; an empty string if it is unknown."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def format_bucket(at: datetime, seconds: int) -> str:
    """Return the start of a bucket: its day, with the time if the bucket is shorter than a day."""
    return f"{at:%Y-%m-%d}" if seconds >= 86_400 else f"{at:%Y-%m-%d %H:%M}"


def format_duration(seconds: float) -> str:
    """Return `45 s`, `4 min`, `2 h 5 min` or `3 days`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes / 1_440:.0f} days"


def format_chart_value(value: float | None, unit: Unit) -> str:
    """Return a value of a chart's table, or the placeholder if it is unknown."""
    if value is None:
        return PLACEHOLDER
    match unit:
        case "percent":
            return f"{value:.1f} %"
        case "seconds":
            return format_duration(value)
        case "usd":
            return format_money(value)
        case "count":
            return f"{value:,.0f}"


def format_milliseconds(milliseconds: float) -> str:
    """Return `120 ms`, or the duration in larger units from ten seconds on."""
    if milliseconds < 10_000:
        return f"{milliseconds:,.0f} ms"
    return format_duration(milliseconds / 1_000)


def build_journal_path(field: str, value: str) -> str:
    """Return the path of the journal's records with that value of one field."""
    return f"/journal?{urlencode({field: value[:LONGEST_TEXT]})}"


JOURNAL_FILTERS: Mapping[str, Callable[..., str]] = {
    "journal_path": build_journal_path,
    "kind_name": lambda kind: str(kind).replace("_", " ").capitalize(),
    "milliseconds": format_milliseconds,
}
"""The filters that the pages of the journal use."""


def format_one_digit(number: float) -> str:
    """Return `1.5`."""
    return f"{number:.1f}"


def get_output_end(output: str) -> str:
    """Return the end of a check's output, from the start of a line."""
    if len(output) <= MOST_OUTPUT:
        return output
    end = output[-MOST_OUTPUT:]
    return f"…\n{end.partition(chr(10))[2] or end}"


def get_output_start(text: str) -> str:
    """Return the start of a long text, followed by a note of its full length."""
    if len(text) <= MOST_DIFF:
        return text
    return f"{text[:MOST_DIFF]}\n… {MOST_DIFF:,} of {len(text):,} characters are shown."


def get_full_commit(commit: str) -> str:
    """Return a commit's full name, unredacted: forms need it, and it looks like a secret."""
    return Verbatim(commit) if _COMMIT.fullmatch(commit) else commit


def get_item_path(item: LiveItem) -> str:
    """Return the path of an item's page."""
    return f"/versions/{item.kind}/{quote(item.name, safe='')}"


def build_diff_view(diff: str) -> DiffView:
    """Return a unified diff line by line, redacted and cut to `MOST_DIFF` characters."""
    lines = [
        (line.kind if line.sign.strip() else "", Verbatim(line.sign + line.text))
        for line in annotate_lines(redact(diff[:MOST_DIFF]))
    ]
    return DiffView(lines, MOST_DIFF if len(diff) > MOST_DIFF else 0)
