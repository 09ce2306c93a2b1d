"""A command is not ended for what others do on the machine, and never starves first."""

import asyncio
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from theseus_rehearsal.ports.sandbox import Completed, SandboxLimits
from theseus_rehearsal.sandbox._subprocess import run_bounded

from bot.adapters.sandbox import choose_sandbox

BURN = "import time\nwhile time.process_time() < {seconds}: pass\nprint('done')"
OTHERS = 5


@contextmanager
def busy_processor(number: int) -> Iterator[None]:
    """Keep one processor busy with processes that each have a session of their own."""
    endless = f"import os\nos.sched_setaffinity(0, {{{number}}})\nwhile True: pass"
    burning = [
        Popen([sys.executable, "-c", endless], stdout=DEVNULL, start_new_session=True)
        for _ in range(OTHERS)
    ]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
        for process in burning:
            process.wait()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell")
async def test_a_command_that_waits_for_a_processor_is_not_ended_early() -> None:
    number = min(os.sched_getaffinity(0))
    code = f"import os\nos.sched_setaffinity(0, {{{number}}})\n{BURN.format(seconds=0.6)}"
    with busy_processor(number):
        done = await run_bounded(
            [sys.executable, "-c", code], cwd=Path("/"), env={}, sweep=lambda: None,
            limits=SandboxLimits(seconds=1.2),
        )  # fmt: skip
    assert (done.timed_out, done.output) == (False, "done\n")
    assert done.seconds > 1.2


async def test_a_sandboxed_command_has_the_priority_of_the_bot(tmp_path: Path) -> None:
    sandbox = await choose_sandbox("auto", required=False)
    code = "import os; print(os.nice(0), os.sched_getscheduler(0))"
    done = await sandbox.run(
        [sys.executable, "-c", code], cwd=tmp_path, writable=(), env={}, limits=SandboxLimits()
    )
    assert done.output == f"{os.nice(0)} {os.sched_getscheduler(0)}\n"


async def test_a_machine_without_descriptors_is_waited_for_and_no_check_fails_for_it() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    command = run_bounded(
        ["echo", "done"], cwd=Path("/"), env={}, sweep=lambda: None, limits=SandboxLimits()
    )
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        started = asyncio.create_task(command)
        await asyncio.sleep(0)  # the first attempt is made at once
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not started.done()
    assert await started == Completed(
        returncode=0, output="done\n", seconds=started.result().seconds
    )


async def test_a_command_in_the_background_gives_way(tmp_path: Path) -> None:
    sandbox = await choose_sandbox("auto", required=False)
    # The session's own priority is lowered once the command runs.
    code = """
import os, pathlib
group = pathlib.Path("/proc/self/autogroup")
while group.exists() and "nice 19" not in group.read_text():
    pass
print(os.nice(0))
"""
    done = await sandbox.run(
        [sys.executable, "-c", code], cwd=tmp_path, writable=(), env={},
        limits=SandboxLimits(seconds=20, background=True),
    )  # fmt: skip
    assert done.output == "19\n"
