"""Core code that runs from the folder of its commit is recorded as the files of the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = """
import sys
from pathlib import Path
from bot.domain.ids import slugify
from bot.telemetry.observation import build_capsule

sys.path.append(sys.argv[1])
import cogs.dice

for call in (lambda: slugify(None), cogs.dice.roll):
    try:
        call()
    except Exception as error:
        capsule = build_capsule(error, root=Path(sys.argv[1]), redact=str)
        print(*[frame.file for frame in capsule.frames])
"""


def test_frames_of_laid_out_core_code_are_the_projects(tmp_path: Path) -> None:
    code, root = tmp_path / "state/cache/code" / ("a1" * 20), tmp_path / "root"
    shutil.copytree(ROOT / "bot", code / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "cogs").mkdir(parents=True)
    (root / "cogs/__init__.py").touch()
    (root / "cogs/dice.py").write_text("def roll():\n    return 1 / 0\n")
    done = subprocess.run(
        [sys.executable, "-P", "-c", _PROGRAM, str(root)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{code}{os.pathsep}{root}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["bot/domain/ids.py", "cogs/dice.py"]
