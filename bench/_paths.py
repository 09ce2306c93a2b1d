"""Makes the packages' tests importable, as pytest does: the tests' support code uses them."""

import sys
from pathlib import Path

sys.path += map(str, sorted((Path(__file__).resolve().parents[1] / "packages").glob("*/tests")))
