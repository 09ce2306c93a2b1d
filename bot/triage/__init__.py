"""Decides whose fault a failure is, before any code is changed."""

from bot.domain.triage import Origin, Triage
from bot.triage._judge import triage

__all__ = ["Origin", "Triage", "triage"]
