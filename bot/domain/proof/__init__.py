"""How far a change is proven: what its edits are, read from the trees of base and head."""

from bot.domain.proof.hazards import Hazard, HazardKind, hazards, same_behaviour
from bot.domain.proof.judgement import judged
from bot.domain.proof.label import label, risk_of

__all__ = ["Hazard", "HazardKind", "hazards", "judged", "label", "risk_of", "same_behaviour"]
