"""Installing what the lock names, as `make install` does, in a child."""

import asyncio
import importlib.util
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

from bot.redaction import redact

SECONDS = 900.0
_TAIL = 400
_BY_HAND = "run `make install` in {root}, then restart me"


class DependencyInstaller:
    """Brings the environment of a checkout up to its lock. One installation at a time.

    `environment` is where this Python's packages are: another checkout's, or a system's, is left
    alone.
    """

    def __init__(
        self, root: Path, environment: Path | None = None, *, seconds: float = SECONDS
    ) -> None:
        self._root = root
        self._environment = environment or Path(sys.prefix)
        self._seconds = seconds
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> str:
        """Install; return why that could not be done, with the way out, or nothing."""
        by_hand = _BY_HAND.format(root=self._root)
        if not self._is_ours():
            return (
                f"I run from {self._environment}, not from {self._root / '.venv'}. In a container, "
                f"start that anew: it installs what is missing (docs/deployment.md); else {by_hand}"
            )
        if shutil.which("make") is None:
            return f"`make` is not installed here; {by_hand}"
        async with self._one_at_a_time:
            status, output = await self._run()
        if status == 0:
            return ""
        tail = " ".join(redact(output).split())[-_TAIL:]
        took = f" within {self._seconds:.0f} s" if status is None else f" (status {status})"
        return f"`make` did not finish{took}: {tail or 'it said nothing'}; {by_hand}"

    def _is_ours(self) -> bool:
        ours = self._root / ".venv"
        return ours.is_dir() and ours.resolve() == self._environment.resolve()

    async def _run(self) -> tuple[int | None, str]:
        """Return the status, `None` where its time was up, and the output."""
        claude = importlib.util.find_spec("claude_agent_sdk") is not None
        made = await asyncio.create_subprocess_exec(
            "make", "--no-print-directory", "claude" if claude else "install",
            cwd=self._root,
            env={**os.environ, "PYTHON": sys.executable},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._seconds):
                output, _ = await made.communicate()
        except TimeoutError:
            return None, ""
        finally:
            if made.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(made.pid, signal.SIGKILL)
                await made.wait()
        return made.returncode, output.decode(errors="replace")
