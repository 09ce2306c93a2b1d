"""`SelfImprovementAgent`: the only place that knows the order of the stages; saves after each."""

from bot.self_improvement._agent import SelfImprovementAgent
from bot.self_improvement._approval import ApprovalRequest
from bot.self_improvement._audit_watch import noted_heads
from bot.self_improvement._budget import BudgetGate
from bot.self_improvement._learning import Learning
from bot.self_improvement._parts import Doors, Limits, Stages
from bot.self_improvement._recollection import Forgotten, Recollection
from bot.self_improvement._shipped_fixes import ShippedFixes
from bot.self_improvement._spending import budget_report

__all__ = [
    "ApprovalRequest",
    "BudgetGate",
    "Doors",
    "Forgotten",
    "Learning",
    "Limits",
    "Recollection",
    "SelfImprovementAgent",
    "ShippedFixes",
    "Stages",
    "budget_report",
    "noted_heads",
]
