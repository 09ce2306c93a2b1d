"""How far a change is proven: what its edits are, read from the trees of base and head."""

from bot.domain.proof.hazards import Hazard, HazardKind, hazards, same_behaviour

__all__ = ["Hazard", "HazardKind", "hazards", "same_behaviour"]
