"""`foreign_setup SOCKET DATABASE KIND NAME...`: runs a bot's own set-up of its database."""

import runpy
import sys
from pathlib import Path

from .foreign_database import install


def main() -> None:
    """Lead the program to the replay's server, and run it."""
    socket, database, kind, name, *arguments = sys.argv[1:]
    install(socket, database)
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # its loops could not be changed
    sys.argv[:] = [name, *arguments]
    sys.path.insert(0, str(Path.cwd()))
    if kind == "file":
        runpy.run_path(name, run_name="__main__")
    else:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
