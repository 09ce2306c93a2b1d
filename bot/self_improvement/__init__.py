"""`SelfImprovementAgent`: the only place that knows the order of the stages; saves after each."""

from bot.self_improvement._agent import SelfImprovementAgent
from bot.self_improvement._approval import ApprovalRequest
from bot.self_improvement._parts import Doors, Limits, Stages

__all__ = ["ApprovalRequest", "Doors", "Limits", "SelfImprovementAgent", "Stages"]
