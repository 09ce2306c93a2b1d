"""What people are shown of a run, as posts. Pure: a run and its records in, a post out."""

from bot.presentation.cards._base_update import arrived
from bot.presentation.cards._behaviour import behaviour_markdown
from bot.presentation.cards._budget import (
    NO_CAP_BY_WORDS,
    budget,
    budget_chart,
    budget_text,
    of_cap,
)
from bot.presentation.cards._candidates import candidate_facts
from bot.presentation.cards._contract import confirm_contract, contract, example_lines
from bot.presentation.cards._digest import digest
from bot.presentation.cards._ending import ending, failed_outputs, outputs
from bot.presentation.cards._incident import (
    came_back,
    incident,
    incident_label,
    incident_line,
)
from bot.presentation.cards._investigation import investigation
from bot.presentation.cards._plain_text import plain
from bot.presentation.cards._plan import plan_text
from bot.presentation.cards._progress import (
    STAGE_NAMES,
    failed,
    outcome_post,
    progress,
    shipped,
    stage_note,
    watch_line,
    watch_told,
)
from bot.presentation.cards._proposal import proposal
from bot.presentation.cards._run_line import doing, run_label, run_line, standing
from bot.presentation.cards._self_audit import audit_markdown, failures_chart, self_audit
from bot.presentation.cards._text import fitting, money, not_done_lines, one_line, spent, tokens
from bot.presentation.cards._trial import trial_text
from bot.presentation.cards._unproven import unproven
from bot.presentation.cards._use import use_post, use_text

__all__ = [
    "NO_CAP_BY_WORDS",
    "STAGE_NAMES",
    "arrived",
    "audit_markdown",
    "behaviour_markdown",
    "budget",
    "budget_chart",
    "budget_text",
    "came_back",
    "candidate_facts",
    "confirm_contract",
    "contract",
    "digest",
    "doing",
    "ending",
    "example_lines",
    "failed",
    "failed_outputs",
    "failures_chart",
    "fitting",
    "incident",
    "incident_label",
    "incident_line",
    "investigation",
    "money",
    "not_done_lines",
    "of_cap",
    "one_line",
    "outcome_post",
    "outputs",
    "plain",
    "plan_text",
    "progress",
    "proposal",
    "run_label",
    "run_line",
    "self_audit",
    "shipped",
    "spent",
    "stage_note",
    "standing",
    "tokens",
    "trial_text",
    "unproven",
    "use_post",
    "use_text",
    "watch_line",
    "watch_told",
]
