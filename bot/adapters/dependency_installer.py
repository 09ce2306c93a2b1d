"""Installs the locked dependencies in a child process, as `make install` does."""

import asyncio
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from theseus_observe.redaction import redact

from bot.infra.child_program import run_program

SECONDS = 900.0
_TAIL = 400
_BY_HAND = "run `make install` in {root}, then restart me"


class DependencyInstaller:
    """Installs a checkout's locked dependencies. Only one installation runs at a time.

    `environment` is the folder of this Python's packages. An environment of another checkout, or of
    the system, is never changed.
    """

    def __init__(
        self, root: Path, environment: Path | None = None, *, seconds: float = SECONDS
    ) -> None:
        self._root = root
        self._environment = environment or Path(sys.prefix)
        self._seconds = seconds
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> str:
        """Install; return why it failed, with a way to fix it, or ""."""
        by_hand = _BY_HAND.format(root=self._root)
        if not self._is_ours():
            return (
                f"I run from {self._environment}, not from {self._root / '.venv'}. In a container, "
                f"restart it to install missing packages (docs/deployment.md); otherwise {by_hand}"
            )
        if shutil.which("make") is None:
            return f"`make` is not installed here; {by_hand}"
        async with self._one_at_a_time:
            status, output = await self._run()
        if status == 0:
            return ""
        tail = " ".join(redact(output).split())[-_TAIL:]
        took = f" within {self._seconds:.0f} s" if status is None else f" (status {status})"
        return f"`make` did not finish{took}: {tail or 'no output'}; {by_hand}"

    def _is_ours(self) -> bool:
        own_environment = self._root / ".venv"
        return own_environment.is_dir() and own_environment.resolve() == self._environment.resolve()

    async def _run(self) -> tuple[int | None, str]:
        """Return the exit status (`None` after a timeout) and the output."""
        claude = importlib.util.find_spec("claude_agent_sdk") is not None
        return await run_program(
            ("make", "--no-print-directory", "claude" if claude else "install"),
            folder=self._root,
            variables={**os.environ, "PYTHON": sys.executable},
            seconds=self._seconds,
        )
