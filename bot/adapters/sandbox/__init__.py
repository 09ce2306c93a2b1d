"""The sandboxes: bubblewrap where it works, plain child processes where the owner allows it."""

from bot.adapters.sandbox._bubblewrap import BubblewrapSandbox, probe
from bot.adapters.sandbox._choose import UnavailableSandbox, choose_sandbox
from bot.adapters.sandbox._measure import Enforced, measure
from bot.adapters.sandbox._plain import PlainSandbox

__all__ = [
    "BubblewrapSandbox",
    "Enforced",
    "PlainSandbox",
    "UnavailableSandbox",
    "choose_sandbox",
    "measure",
    "probe",
]
