"""How records are written on pages: money, counts, times, a run's subject and stages, a diff."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.budget import Cap
from bot.domain.evidence import Diagnosis
from bot.domain.incident import Severity
from bot.domain.plan import Plan
from bot.domain.run import Run, Stage, Status
from bot.domain.run_state import ORDER
from bot.domain.spent import Spent
from bot.infra.annotated_diff import annotated_lines
from bot.infra.html_templates import Verbatim
from bot.presentation.titles import title_of
from bot.redaction import redact

MOST_DIFF = 24_000
"""Characters of a diff that stand on a page."""

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
    """Lines with their tones, and how many characters are shown where that is not all (else 0)."""

    lines: Sequence[tuple[str, Verbatim]]
    cut: int


def tone(standing: Status | Severity) -> str:
    """Return the colour of a label."""
    return _TONES[standing]


def money(usd: float) -> str:
    """Return `$0.00`; less than a cent is shown as it is."""
    return f"${usd:.2f}" if usd >= 0.01 or usd == 0 else f"${usd:.4f}"


def paid(what: Run | Spent) -> str:
    """Return what it cost, with `≈` where some of it is a guess."""
    return f"{'≈ ' if what.estimated else ''}{money(what.cost_usd)}"


def thousands(count: int) -> str:
    """Return `1,234`."""
    return f"{count:,}"


def used_tokens(spent: Run | Spent) -> str:
    """Return `1,234 tokens`, those in and those out together."""
    return _tokens(spent.tokens_in + spent.tokens_out)


def _tokens(count: int) -> str:
    return f"{count:,} token{'' if count == 1 else 's'}"


def cap(most: Cap | None) -> str:
    """Return what may be spent: `$5.00 and 1,000 tokens`, or `none` where nothing is said."""
    if most is None or (most.usd is None and most.tokens is None):
        return "none"
    told = [money(most.usd)] if most.usd is not None else []
    return " and ".join([*told, *([_tokens(most.tokens)] if most.tokens is not None else [])])


def subject(run: Run, limit: int = 90) -> str:
    """Return what a run is about, on one line."""
    return title_of(run.trigger, limit)


def below(name: str, path: str) -> str:
    """Return the path of a page of ours: `/runs/k7m2xq`."""
    return f"{path}/{name}"


def stages(run: Run) -> list[tuple[Stage, str, str]]:
    """Return a run's stages in order, each with the colour and the word for how far it is."""
    order = ORDER[run.goal]
    here = order.index(run.stage) if run.stage in order else len(order)
    return [(stage, *_progress(run, place, here)) for place, stage in enumerate(order)]


def _progress(run: Run, place: int, here: int) -> tuple[str, str]:
    if place < here or run.status is Status.DONE:
        return "good", "done"
    if place > here:
        return "idle", "to come"
    return ("bad", "ended here") if run.ended else ("busy", "now")


def site(found: Diagnosis) -> str:
    """Return the place a diagnosis names: `file:line function`."""
    return f"{found.file}:{found.line} {found.function}"


def owned_files(plan: Plan) -> list[str]:
    """Return the files a plan may change, each once."""
    return sorted({file for step in plan.steps for file in step.owned_files})


def yes_no(value: object) -> str:
    """Return a fact about the bot in words; nothing for what is not known."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def one_digit(number: float) -> str:
    """Return `1.5`."""
    return f"{number:.1f}"


def diff_view(diff: str) -> DiffView:
    """Return a unified diff line by line, redacted as a whole; a long one is cut."""
    lines = [
        (line.kind if line.sign.strip() else "", Verbatim(line.sign + line.text))
        for line in annotated_lines(redact(diff[:MOST_DIFF]))
    ]
    return DiffView(lines, MOST_DIFF if len(diff) > MOST_DIFF else 0)
