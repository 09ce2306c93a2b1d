"""The clean environment every confined command starts with. Nothing of ours is passed on."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")


def clean_environment(home: str, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the variables: programs beside the interpreter first, `home` private, UTF-8."""
    beside = (str(Path(sys.executable).parent), str(Path(sys.prefix, "bin")))
    return {
        "PATH": ":".join(dict.fromkeys((*beside, *SYSTEM_PATH))),
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    } | dict(extra)


def explain_not_startable(program: str, cwd: Path, env: Mapping[str, str]) -> str:
    """Return why `program` cannot be started, or nothing."""
    if not cwd.is_dir():
        return f"{cwd} is not a folder"
    where = program if "/" not in program else str(cwd / program)
    if shutil.which(where, path=env.get("PATH", "")):
        return ""
    return f"{program} cannot be started: no such program on PATH ({env.get('PATH', '')})"
