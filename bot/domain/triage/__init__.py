"""Whose fault a failure is, before anybody changes code for it."""

from bot.domain.triage._judge import triage
from bot.domain.triage._records import Origin, Triage

__all__ = ["Origin", "Triage", "triage"]
