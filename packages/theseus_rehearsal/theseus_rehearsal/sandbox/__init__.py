"""Sandboxes: bubblewrap, and plain child processes, which do not confine anything."""

from theseus_rehearsal.sandbox._bubblewrap import BubblewrapSandbox, probe
from theseus_rehearsal.sandbox._measure import Enforced, measure
from theseus_rehearsal.sandbox._plain import PlainSandbox

__all__ = ["BubblewrapSandbox", "Enforced", "PlainSandbox", "measure", "probe"]
