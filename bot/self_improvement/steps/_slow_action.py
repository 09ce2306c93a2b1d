"""Diagnoses a named action that is slow but did not fail."""

from bot.domain.evidence import Diagnosis
from bot.domain.journal import format_action_name
from bot.domain.slowness import Slowness


def diagnose_slowness(slow: Slowness) -> Diagnosis:
    """Return the diagnosis from the action's durations; it has no frame, as nothing failed."""
    name, recent, before = (
        format_action_name(slow.newest.kind, slow.newest.name),
        slow.recent,
        slow.before,
    )
    usual = f", {_format_duration(before.p95_ms)} before" if before else ""
    paces = ", ".join(
        f"`{pace.commit}` {_format_duration(pace.p95_ms)} ({pace.actions} actions)"
        for pace in slow.by_code
    )
    cause = f"p95 by the code that ran: {paces}." if len(slow.by_code) > 1 else ""
    if slow.came_with:
        cause += f" It is slower since `{slow.came_with}` came live: start there."
    elif slow.by_code:
        cause += " The code is the same as before, so check what it waits for: services or data."
    return Diagnosis(
        found=True,
        headline=f"{name} is slow: p95 {_format_duration(recent.p95_ms)} in the last 10 min{usual}",
        cause=cause.strip() or "No record says which code ran.",
        event=slow.newest.event,
        count=recent.actions,
        last_seen=slow.newest.ts,
        confidence="medium" if slow.came_with else "low",
        evidence_ids=slow.slowest,
    )


def _format_duration(value: float) -> str:
    return f"{value / 1000:.1f} s" if value >= 1_000 else f"{value:.0f} ms"
