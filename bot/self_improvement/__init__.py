"""The self-improvement agent: the stages of a run, in order, saved after each stage."""

from bot.self_improvement.agent import SelfImprovementAgent
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.watch.shipped_fixes import ShippedFixes

__all__ = [
    "RunSettings",
    "SelfImprovementAgent",
    "ShippedFixes",
]
