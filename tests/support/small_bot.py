"""The program of a small bot: the real one, from the present folder.

Its engine follows a script, or with `--real` is what the configuration says.
"""

import asyncio
import os
import sys
from pathlib import Path

# The present folder's cogs come before this repository's; `bot` is this repository's.
sys.path[:1] = [str(Path.cwd()), str(Path(__file__).resolve().parents[2])]

from theseus_observe.redaction import redact  # noqa: E402

from bot.app.bot import run_bot  # noqa: E402
from bot.app.engines import EngineResources, Engines, build_engines  # noqa: E402
from bot.ports.agent import Budget  # noqa: E402
from bot.settings import load  # noqa: E402
from bot.telemetry import configure_logging  # noqa: E402
from tests.fakes.scripted_engine import ScriptedEngine  # noqa: E402


def create_scripted(resources: EngineResources) -> Engines:
    """Return the engine; its script is next to the state folder."""
    script = resources.settings.state.parent / "script.json"
    return Engines(ScriptedEngine(script, resources.sandbox), Budget(seconds=300), "scripted")


if __name__ == "__main__":
    configure_logging(redact=redact)
    chosen = build_engines if "--real" in sys.argv else create_scripted
    asyncio.run(run_bot(load(Path.cwd(), os.environ), make_engines=chosen))
