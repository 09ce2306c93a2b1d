"""Benchmarks. Each measures Theseus and a baseline in the same run.

Times depend on the machine and its load; the ratio of two alternating measurements depends on them
much less. Benchmarks of the claude engine use the tests' scripted model. All run from the
repository.
"""

from collections.abc import Awaitable, Callable, Sequence

from bench import (
    _paths,  # noqa: F401 - first: the others import what it makes importable
    acknowledgement,
    backup,
    candidates,
    claude,
    dashboard,
    detection,
    detection_quality,
    evidence,
    evidence_scan,
    failover,
    feature_requests,
    first_token,
    fix_cost,
    gateway,
    hot_reload,
    journal,
    journal_start,
    long_messages,
    memory,
    message_match,
    observe,
    planted_faults,
    postgres,
    proposal,
    recall,
    redaction,
    repeatability,
    replays,
    reproducible,
    restart,
    sandbox,
    skills,
    start,
    traffic,
    verdicts,
    workers,
    worktree,
)
from bench.rows import Row
from bot.domain.errors import ConfigError

__all__ = ["BENCHMARKS", "Row", "run"]

BENCHMARKS: dict[str, Callable[[], Awaitable[Sequence[Row]]]] = {
    "journal": journal.measure,
    "worktree": worktree.measure,
    "workers": workers.measure,
    "acknowledgement": acknowledgement.measure,
    "proposal": proposal.measure,
    "backup": backup.measure,
    "postgres": postgres.measure,
    "candidates": candidates.measure,
    "dashboard": dashboard.measure,
    "detection": detection.measure,
    "detection-quality": detection_quality.measure,
    "evidence": evidence.measure,
    "evidence-scan": evidence_scan.measure,
    "failover": failover.measure,
    "journal-start": journal_start.measure,
    "long-messages": long_messages.measure,
    "first-token": first_token.measure,
    "fix-cost": fix_cost.measure,
    "gateway": gateway.measure,
    "hot-reload": hot_reload.measure,
    "matching": message_match.measure,
    "memory": memory.measure,
    "observe": observe.measure,
    "recall": recall.measure,
    "planted-faults": planted_faults.measure,
    "repeatability": repeatability.measure,
    "replays": replays.measure,
    "reproducible": reproducible.measure,
    "restart": restart.measure,
    "sandbox": sandbox.measure,
    "secrets": redaction.measure,
    "skills": skills.measure,
    "start": start.measure,
    "claude": claude.measure,
    "traffic": traffic.measure,
    "verdicts": verdicts.measure,
    "wanted": feature_requests.measure,
}


def _ignore_progress(done: int, total: int, name: str) -> None:
    """Ignore progress reports."""


async def run(
    only: str | None = None, on_progress: Callable[[int, int, str], None] = _ignore_progress
) -> Sequence[Row]:
    """Run every benchmark, or the one named `only`. Raises `ConfigError` for an unknown name.

    Before each benchmark, report its name, how many are done, and how many there are.
    """
    if only is not None and only not in BENCHMARKS:
        known = ", ".join(BENCHMARKS)
        raise ConfigError(f"--only {only}: there is no such benchmark. Known: {known}.")
    wanted = [only] if only else list(BENCHMARKS)
    rows: list[Row] = []
    for number, name in enumerate(wanted):
        on_progress(number, len(wanted), name)
        rows += await BENCHMARKS[name]()
    return rows
