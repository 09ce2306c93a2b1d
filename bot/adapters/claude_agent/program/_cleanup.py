"""Formats a model's test with the repository's own linter."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits

from bot.adapters.claude_agent._output import Objection
from bot.domain.plan import Reproduction

_LIMITS = SandboxLimits(seconds=20, memory_mb=1024, processes=64, output_chars=4_000)
# ruff reads the source from stdin under the test's future path: it then finds the repository's
# settings, and does not write to the worktree.
_SCRIPT = """
ruff() { "$program" "$@" --no-cache --stdin-filename "$path" -; }
program=$0 path=$1 folder=$2
ruff check --fix --quiet < "$folder/test.py" > "$folder/fixed.py" 2> /dev/null
ruff format < "$folder/fixed.py" > "$folder/tidy.py" || exit 9
ruff check --output-format concise < "$folder/tidy.py"
"""


async def clean_up_test(test: Reproduction, root: Path, sandbox: Sandbox) -> Reproduction:
    """Return the test formatted and with fixable lint fixed. Raises `Objection` with other lint.

    Returns the test unchanged if ruff cannot be run.
    """
    own_ruff = Path(sys.executable).with_name("ruff")
    ruff = str(own_ruff) if own_ruff.exists() else shutil.which("ruff")
    if ruff is None:
        return test
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="theseus-test-"))
    try:
        await asyncio.to_thread((folder / "test.py").write_text, test.source, "utf-8")
        result = await sandbox.run(
            ["sh", "-c", _SCRIPT, ruff, test.path, str(folder)],
            cwd=root,
            writable=[folder],
            env={},
            limits=_LIMITS,
        )
        if result.returncode == 0:
            return test.replace(
                source=await asyncio.to_thread((folder / "tidy.py").read_text, "utf-8")
            )
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    if result.returncode == 1:
        raise Objection(f"test.source does not pass this repository's linter:\n{result.output}")
    return test
