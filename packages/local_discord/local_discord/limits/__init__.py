"""Discord's limits as data, and the errors for requests that break them.

`find_refusal` is called before a request is performed. The shapes in `messages` and `commands` hold
the limits of Discord's API description; `rules` holds those that only its documentation states.
This package does not know what exists: the world decides whether a message is there and may be
written to.
"""

from local_discord.limits.rules import RULES
from local_discord.limits.validation import find_refusal

__all__ = ["RULES", "find_refusal"]
