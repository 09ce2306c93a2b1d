"""When something is wrong, by deterministic rules over the journal: no model, no vendor."""

from bot.detection.deploys import Deploy
from bot.detection.detector import Detector
from bot.detection.sketch import Sketch
from bot.detection.state import DetectorState

__all__ = ["Deploy", "Detector", "DetectorState", "Sketch"]
