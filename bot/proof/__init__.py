"""Decides how far a change is proven, from its edits, its examples and recorded interactions."""

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
