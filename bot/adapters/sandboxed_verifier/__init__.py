"""The verifier: runs base's checks in a sandbox on copies of the workspace."""

from bot.adapters.sandboxed_verifier._check_runner import QueuedChecks
from bot.adapters.sandboxed_verifier._check_sources import ChecksAtBase, FixedChecks
from bot.adapters.sandboxed_verifier._coverage import SandboxedCoverage
from bot.adapters.sandboxed_verifier._verifier import SandboxedVerifier

__all__ = ["ChecksAtBase", "FixedChecks", "QueuedChecks", "SandboxedCoverage", "SandboxedVerifier"]
