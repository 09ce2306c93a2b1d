"""Changes for the quality gates: two snapshots of files, without git."""

from pathlib import Path

from theseus_rehearsal.records import Actor, CommandStep

from bot.domain.change import ChangeSet
from bot.domain.traffic import TrafficRecord
from bot.self_improvement.checks.gates.merge_gates import GateCase
from tests.fakes.differences import Files, write_files
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_workspaces import FakeWorkspace


async def make_case(folder: Path, base: dict[str, str], head: dict[str, str]) -> GateCase:
    """Return the change from `base` to `head`; files that only base has are left as they are."""
    old: Files = {path: text.encode() for path, text in base.items()}
    new: Files = {**old, **{path: text.encode() for path, text in head.items()}}
    place = folder / "worktree"
    write_files(place, new)
    workspace = FakeWorkspace(place, "work", "base", {"base": old, "head": new}, head="head")
    change = ChangeSet(
        base="base",
        head="head",
        branch="work",
        engine="fake",
        summary="",
        files=await workspace.list_changes(),
        diff=await workspace.get_diff(),
    )
    return GateCase(change, workspace)


def make_use(clock: FakeClock, cog: str, command: str, number: int = 1) -> TrafficRecord:
    """Return a recorded successful use of a command."""
    return TrafficRecord(
        id=f"{number:032}",
        at=clock.now(),
        event=f"command.{command}",
        cog=cog,
        step=CommandStep(by="asker", channel="general", command=command),
        people=(Actor(name="asker"),),
    )
