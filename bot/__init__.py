"""Theseus: a Discord bot that repairs its own code."""

import sys
from pathlib import Path

# A checkout brings its packages along. They come before installed ones, which may be of another
# commit: the bot runs, tests and replays commits that differ from the one that was installed.
_PACKAGES = Path(__file__).resolve().parents[1] / "packages"
sys.path[:0] = [str(folder.parent) for folder in sorted(_PACKAGES.glob("*/pyproject.toml"))]
