"""The cards about runs, incidents and costs. Pure: records go in, a post comes out."""

from bot.presentation.cards._base_update import render_arrival
from bot.presentation.cards._behaviour import render_behaviour_markdown
from bot.presentation.cards._budget import (
    NO_CAP_FROM_CHAT,
    build_budget_chart,
    format_cap_usage,
    render_budget,
    render_budget_text,
)
from bot.presentation.cards._candidates import describe_candidate
from bot.presentation.cards._contract import confirm_contract, list_example_lines, render_contract
from bot.presentation.cards._digest import render_digest
from bot.presentation.cards._ending import build_output_files, build_verdict_files, render_ending
from bot.presentation.cards._fields import build_list_field
from bot.presentation.cards._gates import list_gate_lines
from bot.presentation.cards._incident import (
    format_incident_label,
    format_incident_line,
    render_incident,
    render_recurrence,
)
from bot.presentation.cards._incident_acts import (
    describe_mute,
    render_assignment,
    render_mute_end,
)
from bot.presentation.cards._investigation import render_investigation
from bot.presentation.cards._live import STAGE_NAMES, CurrentWork, LiveActivity
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.cards._plan import plan_text
from bot.presentation.cards._progress import (
    describe_watch,
    format_stage_note,
    is_failed_fix,
    render_outcome,
    render_progress,
    render_shipment,
    watch_line,
)
from bot.presentation.cards._proposal import render_proposal
from bot.presentation.cards._run_line import format_status, get_activity, run_label, run_line
from bot.presentation.cards._self_audit import (
    build_failures_chart,
    render_audit_markdown,
    render_self_audit,
)
from bot.presentation.cards._text import (
    fit_lines,
    format_money,
    format_spending,
    format_tokens,
    list_not_done_lines,
    to_one_line,
)
from bot.presentation.cards._trial import render_trial
from bot.presentation.cards._unproven_change import render_unproven_change
from bot.presentation.cards._use import use_post, use_text

__all__ = [
    "NO_CAP_FROM_CHAT",
    "STAGE_NAMES",
    "CurrentWork",
    "LiveActivity",
    "build_budget_chart",
    "build_failures_chart",
    "build_list_field",
    "build_output_files",
    "build_verdict_files",
    "confirm_contract",
    "describe_candidate",
    "describe_mute",
    "describe_watch",
    "fit_lines",
    "format_cap_usage",
    "format_incident_label",
    "format_incident_line",
    "format_money",
    "format_spending",
    "format_stage_note",
    "format_status",
    "format_tokens",
    "get_activity",
    "is_failed_fix",
    "list_example_lines",
    "list_gate_lines",
    "list_not_done_lines",
    "plan_text",
    "render_arrival",
    "render_assignment",
    "render_audit_markdown",
    "render_behaviour_markdown",
    "render_budget",
    "render_budget_text",
    "render_contract",
    "render_digest",
    "render_ending",
    "render_incident",
    "render_investigation",
    "render_mute_end",
    "render_outcome",
    "render_progress",
    "render_proposal",
    "render_recurrence",
    "render_self_audit",
    "render_shipment",
    "render_trial",
    "render_unproven_change",
    "run_label",
    "run_line",
    "to_one_line",
    "to_plain_text",
    "use_post",
    "use_text",
    "watch_line",
]
