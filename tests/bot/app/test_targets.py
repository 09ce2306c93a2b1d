"""Targets are opened apart from each other and from Theseus, and refused where they are not."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from theseus_rehearsal.sandbox import PlainSandbox

from bot.domain.change import CheckResult
from bot.domain.errors import OutOfBounds
from bot.domain.plan import Plan, Step, TestPlan
from bot.infra.injector import Injector
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.memory import MemoryStore
from bot.ports.verifier import Verifier
from bot.ports.workspace import Checkout, Workspaces
from bot.self_improvement.checks.quality_gate import QualityGate
from tests.fakes.repositories import run_git, write
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.target_harness import TargetHarness, build_entry, make_target, write_settings


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def open_one(folder: Path, stack: AsyncExitStack, **more: Any) -> Injector:
    """Return the parts of one target."""
    make_target(folder / "welcome")
    settings = write_settings(folder, build_entry("welcome", **more))
    opened = await TargetHarness(folder / "world", settings).open_targets(stack)
    assert not opened.refusals
    return opened.injectors["welcome"]


def make_plan(*files: str) -> Plan:
    return Plan(
        problem="it fails", solution="edit", steps=(Step(summary="edit", owned_files=files),),
        impact="", tests=TestPlan(), verification="", rollback="",
    )  # fmt: skip


async def test_two_targets_share_nothing_and_a_wrong_one_is_left_out(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    for name in ("welcome", "quiz"):
        make_target(tmp_path / name)
    (tmp_path / "mirror").symlink_to(tmp_path / "quiz", target_is_directory=True)
    entries = [
        build_entry("welcome"),
        build_entry("quiz"),
        build_entry("mirror"),
        build_entry("ours", repository="."),
        build_entry("gone"),
        build_entry("far", environment={"python": "/no/such/python"}, repository="../welcome2"),
    ]
    make_target(tmp_path / "welcome2")
    settings = write_settings(tmp_path, *entries)
    opened = await TargetHarness(tmp_path / "world", settings).open_targets(stack)
    assert [*opened.injectors] == ["welcome", "quiz"]
    for name, words in {
        "mirror": "same repository", "ours": "overlaps with the checkout",
        "gone": "There is no folder", "far": "/no/such/python is not there",
    }.items():  # fmt: skip
        assert words in opened.refusals[name]
    one, other = opened.injectors.values()
    for kind in (Forge, Workspaces, Checkout, Journal, MemoryStore, Verifier, QualityGate):
        assert one.find(kind) is not None
        assert one.find(kind) is not other.find(kind)


async def test_the_guards_of_a_target_are_its_own(tmp_path: Path, stack: AsyncExitStack) -> None:
    gate = (await open_one(tmp_path, stack)).get(QualityGate)
    nobody, named = frozenset[str](), frozenset({"bot.py", "util.py", ".env", ".gitmodules"})
    assert gate.remove_forbidden_files(make_plan("games.py"), nobody)
    for file in ("bot.py", "util.py", ".env", ".gitmodules", "cogs/dice.py"):
        with pytest.raises(OutOfBounds):
            gate.remove_forbidden_files(make_plan(file), nobody)
    for file in ("bot.py", "util.py"):
        assert gate.remove_forbidden_files(make_plan(file), named)
    for file in (".env", ".gitmodules"):
        with pytest.raises(OutOfBounds, match="No run may change"):
            gate.remove_forbidden_files(make_plan(file), named)


async def test_only_committed_files_of_a_target_are_read(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    checkout = (await open_one(tmp_path, stack)).get(Checkout)
    write(tmp_path / "welcome", {".env": "TOKEN=secret\n", "games.py": "changed\n"})
    assert await checkout.read(".env") is None
    assert await checkout.read("../theseus/data/config.yaml") is None
    assert "share_sweets" in (await checkout.read("games.py") or "")


async def test_the_commits_of_people_reach_the_local_forge_before_a_run(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    injector = await open_one(tmp_path, stack)
    remotes = run_git(tmp_path / "welcome", "remote")
    run_git(tmp_path / "welcome", "commit", "-q", "--allow-empty", "-m", "By hand")
    checkout = injector.get(Checkout)
    assert await checkout.get_head() == await checkout.fetch_tip()
    assert run_git(tmp_path / "welcome", "remote") == remotes == ""
    run_git(tmp_path / "welcome", "switch", "-q", "-c", "other")
    assert "not on main" in (await checkout.find_obstacles())[0]


LONG = (
    "def share(sweets, people):\n    return {'each': sweets // people, 'left': sweets % people}\n"
)


async def test_changes_of_a_target_are_formatted_as_its_people_do(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    injector = await open_one(tmp_path, stack)
    write(tmp_path / "welcome", {"games.py": LONG, "util.py": 'NAMES = ["ada"]\n'})
    write(tmp_path / "welcome", {"pyproject.toml": "[tool.black]\nline-length = 40\n"})
    run_git(tmp_path / "welcome", "add", ".")
    run_git(tmp_path / "welcome", "commit", "-q", "-m", "Say how we format")
    base = await injector.get(Checkout).get_head()
    verifier = injector.get(Verifier)
    async with injector.get(Workspaces).open("r1", base=base) as workspace:
        write(
            workspace.path, {"new.py": LONG, "games.py": LONG + "x=1\n", "util.py": "NAMES=['ada']"}
        )
        rewritten = await verifier.format_files(workspace, ["new.py", "games.py", "util.py"])
        assert rewritten == ("new.py", "util.py")  # games.py was not formatted before
        lines = (workspace.path / "new.py").read_text().splitlines()
    assert lines[1] == "    return {"
    assert lines[2] == '        "each": sweets // people,'


@pytest.mark.slow
async def test_checks_of_a_target_see_nothing_of_theseus(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    if isinstance(choose_local_sandbox(), PlainSandbox):
        pytest.skip("bubblewrap does not work here")
    secret = tmp_path / "theseus/data/state/secret"
    env = tmp_path / "welcome/.env"
    read = "import pathlib, sys; print(pathlib.Path(sys.argv[1]).read_text())"
    checks = [
        {"name": file.name, "command": ["{python}", "-c", read, str(file)]}
        for file in (secret, env, tmp_path / "theseus/data/config.yaml")
    ]
    injector = await open_one(tmp_path, stack, checks={"quick": checks})
    for file in (secret, env):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("hidden")
    base = await injector.get(Checkout).get_head()
    async with injector.get(Workspaces).open("r1", base=base) as workspace:
        results = await injector.get(Verifier).run_checks("quick", workspace, [], ignore)
    assert [each.status for each in results] == ["failed"] * 3, results
    assert all("hidden" not in each.output for each in results)


async def ignore(_: CheckResult) -> None:
    """Ignore a result."""


async def test_proposals_of_a_target_never_go_to_the_repository_of_theseus(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    make_target(tmp_path / "welcome")
    entry = build_entry("welcome", forge={"kind": "github", "repository": "ada/Theseus"})
    settings = write_settings(tmp_path, entry)
    run_git(settings.root, "remote", "add", "origin", "git@github.com:ada/theseus.git")
    opened = await TargetHarness(tmp_path / "world", settings).open_targets(stack)
    assert "repository of Theseus itself" in opened.refusals["welcome"]
