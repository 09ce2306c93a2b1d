"""The sandboxes: bubblewrap where it works, plain child processes where that was allowed."""

from bot.adapters.sandbox._bubblewrap import BubblewrapSandbox, probe
from bot.adapters.sandbox._choose import UnavailableSandbox, choose_sandbox
from bot.adapters.sandbox._plain import PlainSandbox

__all__ = [
    "BubblewrapSandbox",
    "PlainSandbox",
    "UnavailableSandbox",
    "choose_sandbox",
    "probe",
]
