"""Answers to questions about the bot itself. Pure: records in, a few lines of text out."""

from bot.presentation.answers._files import render_tendency
from bot.presentation.answers._help import (
    ABOUT_QUESTIONS,
    list_everyday_commands,
    render_help,
    render_instructions,
)
from bot.presentation.answers._next_steps import NEXT_STEPS, add_next_step
from bot.presentation.answers._records import (
    describe_live_commit,
    render_changes,
    render_costs,
    render_failures,
    render_feature_requests,
    render_memories,
    render_open_faults,
    render_people,
    render_uses,
    render_waiting,
    render_watches,
)
from bot.presentation.answers._run import RUN_ANSWERS, format_run

__all__ = [
    "ABOUT_QUESTIONS",
    "NEXT_STEPS",
    "RUN_ANSWERS",
    "add_next_step",
    "describe_live_commit",
    "format_run",
    "list_everyday_commands",
    "render_changes",
    "render_costs",
    "render_failures",
    "render_feature_requests",
    "render_help",
    "render_instructions",
    "render_memories",
    "render_open_faults",
    "render_people",
    "render_tendency",
    "render_uses",
    "render_waiting",
    "render_watches",
]
