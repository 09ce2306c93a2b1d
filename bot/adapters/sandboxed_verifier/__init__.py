"""The verifier: base's checks, run confined on copies of the workspace."""

from bot.adapters.sandboxed_verifier._coverage import SandboxedCoverage
from bot.adapters.sandboxed_verifier._verifier import SandboxedVerifier

__all__ = ["SandboxedCoverage", "SandboxedVerifier"]
