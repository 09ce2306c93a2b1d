"""Every fault of the demo is fixed by reverting what broke it, and no more."""

import shutil
import subprocess
from pathlib import Path

import pytest
from theseus_repair.engine import repair_tree
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.request import RepairRequest
from theseus_repair.suspects import load_suspect_hunks

from bot.adapters.system_clock import SystemClock
from bot.demo.faults import FAULTS, PlantedFault, plant
from tests.support.parameter_choice import choose_parameters

ROOT = Path(__file__).parents[3]
REPRODUCTION = "tests/test_reproduction.py"


def git(folder: Path, *words: str) -> None:
    person = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = [shutil.which("git") or "git", *person, *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def checkout(fault: PlantedFault, folder: Path) -> None:
    """Make a repository of this very code with the fault as its last commit."""
    for name in ("bot", "cogs", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    git(folder, "init", "-q")
    git(folder, "commit", "-qm", "Nothing", "--allow-empty")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Everything")
    plant(fault, folder)
    git(folder, "commit", "-qam", fault.message)
    module = fault.file.removesuffix(".py").replace("/", ".")
    (folder / REPRODUCTION).write_text(
        f"from {module} import {fault.function}\n\n\n"
        f"def test_it() -> None:\n    {fault.function}(*{fault.arguments!r})\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", choose_parameters(FAULTS, each=len(FAULTS)), ids=lambda fault: fault.name
)
async def test_a_planted_fault_is_reverted_and_what_its_commit_brought_besides_is_kept(
    fault: PlantedFault, tmp_path: Path
) -> None:
    checkout(fault, tmp_path)
    tests = fault.file.replace("cogs/", "tests/cogs/test_")
    async with ForkingRunner(tmp_path) as runner:
        hunks = tuple(await load_suspect_hunks(tmp_path))
        request = RepairRequest(
            root=tmp_path,
            reproduction=(f"{REPRODUCTION}::test_it",),
            affected=(tests,),
            hunks=hunks,
            known=frozenset(hunk.commit for hunk in hunks),
            allowed=(fault.file,),
            seconds=90,
        )
        report = await repair_tree(request, runner, SystemClock())

    assert report.fix is not None, report
    assert report.fix.kind == "revert"
    assert report.proof in ("tests", "undo")
    assert list(report.files) == [fault.file]
