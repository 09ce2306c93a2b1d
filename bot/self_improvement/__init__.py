"""The self-improvement agent: the stages of a run, in order, saved after each stage."""

from bot.self_improvement.agent import SelfImprovementAgent
from bot.self_improvement.services import RunSettings, Services
from bot.self_improvement.shipped_fixes import ShippedFixes
from bot.self_improvement.step_sequence import StepServices

__all__ = [
    "RunSettings",
    "SelfImprovementAgent",
    "Services",
    "ShippedFixes",
    "StepServices",
]
