"""Proves requested changes of a bot that is not built on Theseus: by replays before and after."""

from bot.domain.brief import Brief
from bot.domain.change import Verdict
from bot.domain.plan import Reproduction
from bot.domain.proof import ProofKind
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.change_proofs import ChangeProofs, CurrentChange

_KINDS: tuple[ProofKind, ...] = ("behaviour", "preserving", "measured")


class ForeignChangeProofs(ChangeProofs):
    """Runs a brief's examples with the bot's own start, and repeats what its journal has.

    Tests, texts, settings and flags are Theseus' own, and prove nothing about another bot.
    """

    kinds = _KINDS
    has_cogs = False

    async def build_tests(
        self, brief: Brief, workspace: Workspace
    ) -> tuple[Reproduction | None, ...]:
        """Return `None` for each example: all are replayed."""
        return tuple(None for _ in brief.acceptances)

    async def _prove_preserving(self, current: CurrentChange) -> Verdict:
        """Compare what people get; without a use to compare, nothing is proven."""
        verdict = await super()._prove_preserving(current)
        *others, proof = verdict.proofs
        if proof.holds and (verdict.behaviour is None or not verdict.behaviour.answers):
            proof = proof.replace(holds=False, summary="no recorded use could be compared")
        return verdict.replace(proofs=(*others, proof))
