"""How far a change is proven: what its edits are, read from the trees of base and head."""

from bot.proof.hazards import (
    JOINED,
    Hazard,
    HazardKind,
    hazards,
    joined_conditions,
    same_behaviour,
)
from bot.proof.judgement import judged, label, risk_of

__all__ = [
    "JOINED",
    "Hazard",
    "HazardKind",
    "hazards",
    "joined_conditions",
    "judged",
    "label",
    "risk_of",
    "same_behaviour",
]
