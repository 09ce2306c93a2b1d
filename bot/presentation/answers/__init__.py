"""Answers to questions about the bot itself. Pure: records in, a few lines of text out."""

from bot.presentation.answers._help import (
    ABOUT_QUESTIONS,
    everyday,
    help_text,
    how_to,
)
from bot.presentation.answers._records import (
    broken_now,
    changes_told,
    costs_told,
    failures_told,
    live_told,
    memories_told,
    people_told,
    uses_told,
    waiting_told,
    watches_told,
    wishes_told,
)
from bot.presentation.answers._run import RUN_ANSWERS, about_run

__all__ = [
    "ABOUT_QUESTIONS",
    "RUN_ANSWERS",
    "about_run",
    "broken_now",
    "changes_told",
    "costs_told",
    "everyday",
    "failures_told",
    "help_text",
    "how_to",
    "live_told",
    "memories_told",
    "people_told",
    "uses_told",
    "waiting_told",
    "watches_told",
    "wishes_told",
]
