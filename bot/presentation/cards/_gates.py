"""The results of the quality gates, for cards and pull requests."""

from bot.domain.change import Verdict
from bot.domain.gates import GateResult
from bot.presentation.markdown import escape_line

_LONGEST, _MOST_DETAILS = 240, 4
ACCEPT_SENTENCE = "ship it, slower accepted"


def list_gate_lines(verdict: Verdict) -> tuple[str, ...]:
    """Return a line for each gate, and below a gate that did not pass its details and remedy."""
    return tuple(line for each in verdict.gates for line in _list_lines(each))


def describe_slowdowns(verdict: Verdict) -> str:
    """Return a warning about what ships only once an approver accepts it; empty without any."""
    if not verdict.slowdowns:
        return ""
    found = "; ".join(escape_line(each, _LONGEST) for each in verdict.slowdowns[:_MOST_DETAILS])
    return f"🐢 **Slower**: {found}. If that is acceptable, ship with “{ACCEPT_SENTENCE}”."


def _list_lines(result: GateResult) -> tuple[str, ...]:
    mark = {"passed": "✅", "unmeasured": "▫️"}.get(
        result.status, "⛔" if result.is_blocking else "⚠️"
    )
    lines = [f"{mark} {result.gate}: {escape_line(result.summary, _LONGEST)}"]
    if result.status == "failed" or result.gate in ("advisories", "coverage", "experience"):
        lines += [f"• {escape_line(each, _LONGEST)}" for each in result.details[:_MOST_DETAILS]]
        if len(result.details) > _MOST_DETAILS:
            lines.append(f"• and {len(result.details) - _MOST_DETAILS} more")
    if result.remedy:
        lines.append(f"→ {escape_line(result.remedy, _LONGEST)}")
    return tuple(lines)
