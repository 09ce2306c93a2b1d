"""The sandbox for programs of `theseus_repair`."""

from collections.abc import Sequence
from pathlib import Path

from theseus_guard.source_folders import build_python_path
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_repair.runner import Confine


def confine_with(sandbox: Sandbox) -> Confine:
    """Return a function that confines a command to its folder, which it may change."""

    def confine(argv: Sequence[str], folder: Path) -> Sequence[str]:
        command, env = sandbox.wrap(
            argv, cwd=folder, writable=[folder], env={"PYTHONPATH": build_python_path(folder)}
        )
        clean = [f"{name}={value}" for name, value in env.items()]
        return ["env", "-i", *clean, *command]

    return confine
