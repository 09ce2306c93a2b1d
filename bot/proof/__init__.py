"""Decides how far a change is proven, from its edits, its examples and recorded interactions."""

from bot.proof.judgement import compute_risk, judge, label

__all__ = ["compute_risk", "judge", "label"]
