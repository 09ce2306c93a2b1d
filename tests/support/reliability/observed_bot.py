"""The program of a small bot whose state writes and programs are counted: `FOLDER [--real]`.

It differs from `small_bot` in that alone: see `process_observer`.
"""

import runpy
import sys
from pathlib import Path

SMALL_BOT = Path(__file__).resolve().parents[1] / "small_bot.py"

if __name__ == "__main__":
    sys.path[:1] = [str(Path.cwd()), str(Path(__file__).resolve().parents[3])]

    from tests.support.reliability.points import EffectLog
    from tests.support.reliability.process_observer import ProcessObserver

    folder = Path(sys.argv.pop(1))
    ProcessObserver(EffectLog(folder), folder.parent).install()
    sys.argv[0] = str(SMALL_BOT)
    runpy.run_path(str(SMALL_BOT), run_name="__main__")
