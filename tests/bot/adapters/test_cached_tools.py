"""Tools with a cache: filling it in the background never makes a check wait for its end."""

import asyncio
from pathlib import Path

from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.sandboxed_verifier._cached_tools import CachedTools
from bot.adapters.sandboxed_verifier._scratch import Once
from bot.domain.checks import Check
from tests.support.work_queues import wait_until

FILL = """
echo started >> "$RUFF_CACHE_DIR/starts"
while [ ! -e "$RUFF_CACHE_DIR/go" ]; do sleep 0.02; done
"""


async def test_filling_a_cache_stops_for_a_check_and_begins_again(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()

    async def get_folder() -> Path:
        return tmp_path

    tools = CachedTools(PlainSandbox(), tmp_path / "cache", asyncio.Semaphore(1))
    check, only_read = Check(name="lint", command=("ruff",)), Once(get_folder)
    starts = tmp_path / "cache/ruff/starts"
    filling = asyncio.create_task(
        tools.fill_cache(check, ["/bin/sh", "-c", FILL], "ruff", only_read)
    )
    await wait_until(starts.exists)
    result = await tools.check(check, ["/bin/cat", str(starts)], "ruff", only_read)
    assert (result.status, result.output) == ("passed", "started\n")
    (tmp_path / "cache/ruff/go").touch()
    await filling
    assert starts.read_text() == "started\nstarted\n"
