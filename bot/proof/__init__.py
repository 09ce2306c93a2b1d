"""How far a change is proven: what its edits are, read from the trees of base and head."""

from bot.proof.hazards import (
    JOINED,
    Hazard,
    HazardKind,
    find_hazards,
    find_joined_conditions,
    has_same_behaviour,
)
from bot.proof.judgement import compute_risk, judge, label

__all__ = [
    "JOINED",
    "Hazard",
    "HazardKind",
    "compute_risk",
    "find_hazards",
    "find_joined_conditions",
    "has_same_behaviour",
    "judge",
    "label",
]
