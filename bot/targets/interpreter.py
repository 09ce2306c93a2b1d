"""Finds a Python that can run a target."""

import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from packaging.specifiers import SpecifierSet
from theseus_guard.record import Record

_MINORS = range(14, 9, -1)
_FOLDERS = (".venv", "venv", "env")
_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
_SECONDS = 20


class Interpreter(Record):
    """A Python, by the path or name it is called by, and its version."""

    python: str
    version: str
    is_own_environment: bool = False
    """True for the target's own virtual environment."""


def find_interpreter(
    folder: Path, required: SpecifierSet, *, tracked: Collection[str] = ()
) -> Interpreter | None:
    """Return a Python that the target accepts: its own environment first, then this machine's.

    Nothing in the target's folder is run; the version of its environment is in `pyvenv.cfg`. An
    environment among the `tracked` files is left out: the repository's author chose its program.
    """
    for found in _list_interpreters(folder, tracked):
        if required.contains(found.version, prereleases=True):
            return found
    return None


def check_interpreter(python: str) -> Interpreter | None:
    """Return the version of a Python by asking it; `None` if there is no such program."""
    program = shutil.which(str(Path(python).expanduser()))
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-I", "-c", _VERSION], capture_output=True, text=True, timeout=_SECONDS,
            check=False, cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = done.stdout.strip()
    is_version = done.returncode == 0 and re.fullmatch(r"\d+\.\d+\.\d+", version)
    return Interpreter(python=python, version=version) if is_version else None


def _list_interpreters(folder: Path, tracked: Collection[str]) -> Iterator[Interpreter]:
    for name in _FOLDERS:
        is_tracked = f"{name}/pyvenv.cfg" in tracked or f"{name}/bin/python" in tracked
        found = None if is_tracked else _read_environment(folder / name)
        if found is not None:
            yield found
    # Not our own virtual environment: theirs is made from the Python below it.
    below = Path(sys.base_prefix, "bin", f"python3.{sys.version_info[1]}")
    own = str(below) if below.exists() else sys.executable
    yield Interpreter(python=own, version=".".join(map(str, sys.version_info[:3])))
    for minor in _MINORS:
        found = check_interpreter(f"python3.{minor}")
        if found is not None:
            yield found
    for pattern in (".pyenv/versions/*/bin/python3", ".local/share/uv/python/*/bin/python3"):
        for program in sorted(Path.home().glob(pattern), reverse=True):
            found = check_interpreter(str(program))
            if found is not None:
                yield found


def _read_environment(folder: Path) -> Interpreter | None:
    try:
        text = (folder / "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    version = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)", text, re.MULTILINE)
    program = folder / "bin/python"
    if version is None or not program.exists():
        return None
    return Interpreter(python=str(program), version=version[1], is_own_environment=True)
