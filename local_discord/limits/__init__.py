"""What Discord refuses, and how: limits as data, faults with their paths.

`refusal` is asked before a request is performed. Shapes (`messages`, `commands`) hold what
Discord's description of its API says, `rules` what only its words say. Nothing here knows what
exists: whether a message is there, or may be written to, is the world's to say.
"""

from local_discord.limits.rules import RULES
from local_discord.limits.validation import find_refusal

__all__ = ["RULES", "find_refusal"]
