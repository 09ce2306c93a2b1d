"""Whose fault a failure is, before anybody changes code for it."""

from bot.domain.triage import Origin, Triage
from bot.triage._judge import triage

__all__ = ["Origin", "Triage", "triage"]
