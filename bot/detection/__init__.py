"""Detects anomalies with deterministic rules over the journal, without a model."""

from bot.detection.deploys import Deploy
from bot.detection.detector import Detector
from bot.detection.sketch import Sketch
from bot.detection.state import DetectorState

__all__ = ["Deploy", "Detector", "DetectorState", "Sketch"]
