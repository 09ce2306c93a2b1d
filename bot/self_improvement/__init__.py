"""The self-improvement agent: the stages of a run, in order, saved after each stage."""

from bot.self_improvement.agent import SelfImprovementAgent
from bot.self_improvement.run_settings import RunSettings
from bot.self_improvement.shipped_fixes import ShippedFixes

__all__ = [
    "RunSettings",
    "SelfImprovementAgent",
    "ShippedFixes",
]
