"""`SelfImprovementAgent`: the only place that knows the order of the stages; saves after each."""

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
