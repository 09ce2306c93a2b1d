"""The times at which the stages of a run ended, from its records."""

from datetime import datetime
from pathlib import Path
from sqlite3 import connect

from bot.domain.run import Run

STAGES = {
    "Evidence": "observe",
    "Diagnosis": "diagnose",
    "Plan": "plan",
    "ChangeSet": "execute",
    "Verdict": "verify",
    "Proposal": "propose",
}


def list_moments(database: Path, run: Run) -> list[tuple[str, datetime]]:
    """Return when the run was asked for, and when each stage's record was saved."""
    with connect(database) as rows:
        found = rows.execute(
            "SELECT kind, at FROM stage_records WHERE run_id = ? ORDER BY at", (run.id,)
        ).fetchall()
    order = list(STAGES)
    stages: dict[str, str] = {}
    for kind, at in found:  # a stage may save several records at once: the last one is its own
        if kind in STAGES:
            stages[at] = max(stages.get(at, kind), kind, key=order.index)
    saved = [(STAGES[kind], datetime.fromisoformat(at)) for at, kind in stages.items()]
    return [("request", run.created_at), *saved]
