"""The clean environment of every sandboxed command. No variable of the bot is passed on."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")


def clean_environment(home: str, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the variables: the interpreter's folder first on `PATH`, a private `HOME`, UTF-8."""
    interpreter_folders = (str(Path(sys.executable).parent), str(Path(sys.prefix, "bin")))
    return {
        "PATH": ":".join(dict.fromkeys((*interpreter_folders, *SYSTEM_PATH))),
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    } | dict(extra)


def explain_not_startable(program: str, cwd: Path, env: Mapping[str, str]) -> str:
    """Return why `program` cannot be started, or an empty string."""
    if not cwd.is_dir():
        return f"{cwd} is not a folder"
    path = program if "/" not in program else str(cwd / program)
    if shutil.which(path, path=env.get("PATH", "")):
        return ""
    return f"{program} cannot be started: it is not on PATH ({env.get('PATH', '')})"
