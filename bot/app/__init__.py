"""The composition root: the only room that names adapters; it owns every resource."""

from bot.app.bot import run_bot
from bot.app.demo import FAULT_NAMES, DemoOptions, local_forge, project_root, run_demo
from bot.app.engines import EngineResources, Engines, engines

__all__ = [
    "FAULT_NAMES",
    "DemoOptions",
    "EngineResources",
    "Engines",
    "engines",
    "local_forge",
    "project_root",
    "run_bot",
    "run_demo",
]
