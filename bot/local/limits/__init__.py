"""What Discord refuses, and how: limits as data, faults with their paths.

`refusal` is asked before a request is performed. Shapes (`messages`, `commands`) hold what
Discord's description of its API says, `rules` what only its words say. Nothing here knows what
exists: whether a message is there, or may be written to, is the world's to say.
"""

from bot.local.limits.refusing import refusal
from bot.local.limits.rules import RULES

__all__ = ["RULES", "refusal"]
