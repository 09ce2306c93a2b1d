"""How a forge's webhook signs and describes what happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Look = Literal["", "base", "issues"]
"""What has to be looked at: nothing (`""`), the followed branch, or the issues."""


@dataclass(frozen=True)
class ForgeWebhook:
    """One forge's deliveries. `name` ends the address: `/webhook/<name>`.

    The signature is the hex HMAC-SHA256 of the body, after `signature_prefix`. A delivery counts
    only as "someone with the secret asks us to look". Its names, commits and addresses are not
    used.

    Args:
        parse_event: Returns what may have changed, by the event, the body and the followed branch.
        find_time: Returns when the event happened, by the event and the body; `None` if it is not
            said.
    """

    name: str
    signature_header: str
    event_header: str
    delivery_header: str
    parse_event: Callable[[str, Mapping[str, Any], str], Look]
    find_time: Callable[[str, Mapping[str, Any]], datetime | None]
    signature_prefix: str = ""
