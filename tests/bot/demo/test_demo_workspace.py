"""The demo's private home: whatever the visitor's copy looks like, it is only read."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.faults import DATA
from bot.demo.faults import FAULTS, LIVING, Change, PlantedFault
from bot.demo.uncommitted_cogs import find_uncommitted_cogs
from bot.demo.workspace import ABOUT_FAULTS, FORMER_PATHS, DemoPaths, DemoWorkspace, prepare
from bot.domain.errors import ConfigError
from bot.settings import parse_config
from tests.fakes.repositories import commit, run_git, take_snapshot, write
from tests.support.tracked_files import list_tracked_files

ROOT = Path(__file__).resolve().parents[3]
TABLE = "tests/cogs/everyday_commands.json"
DEMO_PATHS = DemoPaths(
    guild_id=11, dev_channel_id=12, listed=(13,), url="http://127.0.0.1:1", engine="offline",
    dashboard="http://127.0.0.1:2",
)  # fmt: skip


def copy(to: Path) -> Path:
    """Copy what faults are planted in, and the configuration: an archive, unpacked.

    Without what a demo leaves out: the copy of its history has the same commits then.
    """
    for folder in ("cogs", "tests/cogs", "data"):
        ignored = shutil.ignore_patterns("__pycache__", "state", "test_quotes_wait.py")
        shutil.copytree(ROOT / folder, to / folder, ignore=ignored)
    return to


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return copy(tmp_path / "source")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of two commits, made once, to be copied."""
    folder = copy(tmp_path_factory.mktemp("made") / "source")
    run_git(folder, "init", "-q", "-b", "main")
    commit(folder, {"notes.txt": "first\n"}, "First")
    commit(folder, {"notes.txt": "second\n"}, "Second")
    return folder


@pytest.fixture
def clone(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "source", symlinks=True)
    run_git(tmp_path / "source", "update-index", "-q", "--refresh")
    return tmp_path / "source"


@pytest.fixture
def workspace(tmp_path: Path) -> DemoWorkspace:
    (tmp_path / "home").mkdir()
    return DemoWorkspace.from_home(tmp_path / "home")


def every_file(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def fits(fault: PlantedFault) -> bool:
    text = (ROOT / fault.file).read_text()
    return all(text.count(before) == 1 for before, _ in fault.replacements)


def a_fault() -> PlantedFault:
    """Return one that fits: these tests are also run in copies where a fault is planted."""
    return next(filter(fits, FAULTS))


async def test_a_clone_is_cloned_at_its_head_with_its_history(
    clone: Path, workspace: DemoWorkspace
) -> None:
    await prepare(clone, workspace, None, DEMO_PATHS)

    run_git(
        workspace.checkout,
        "merge-base",
        "--is-ancestor",
        run_git(clone, "rev-parse", "HEAD"),
        "HEAD",
    )
    head = run_git(workspace.checkout, "rev-parse", "HEAD")
    assert (workspace.checkout / "notes.txt").read_text() == "second\n"
    assert run_git(workspace.forge, "rev-parse", "refs/heads/main") == head
    assert run_git(workspace.checkout, "rev-parse", "origin/main") == head
    assert run_git(workspace.checkout, "status", "--porcelain") == ""


async def test_an_unpacked_archive_becomes_a_repository_of_one_commit(
    archive: Path, workspace: DemoWorkspace
) -> None:
    write(archive, {".venv/bin/python": "", ".env": "DISCORD_TOKEN=x", "data/state/lock": ""})
    before = every_file(archive)

    await prepare(archive, workspace, None, DEMO_PATHS)

    first = run_git(workspace.checkout, "log", "--max-parents=0", "--format=%s")
    assert first == "Unpacked archive"
    assert run_git(workspace.checkout, "status", "--porcelain") == ""
    assert not (workspace.checkout / ".env").exists()
    assert not (workspace.checkout / ".venv").exists()
    assert not (workspace.checkout / "data/state").exists()
    assert every_file(archive) == before


async def test_a_repository_without_a_commit_is_taken_as_an_archive(
    archive: Path, workspace: DemoWorkspace
) -> None:
    run_git(archive, "init", "-q")
    await prepare(archive, workspace, a_fault(), DEMO_PATHS)
    first = run_git(workspace.checkout, "log", "--max-parents=0", "--format=%s")
    assert first == "Unpacked archive"


async def test_changes_of_the_visitor_stay_as_they_are_and_stay_out(
    clone: Path, workspace: DemoWorkspace
) -> None:
    write(clone, {"notes.txt": "mine\n", "new.txt": "mine too\n", "cogs/admin.py": "broken("})
    run_git(clone, "add", "new.txt")
    before = take_snapshot(clone)

    await prepare(clone, workspace, a_fault(), DEMO_PATHS)

    assert take_snapshot(clone) == before
    assert not (workspace.checkout / "new.txt").exists()
    assert (workspace.checkout / "notes.txt").read_text() == "second\n"


async def test_a_new_cog_comes_along_with_its_test_and_its_line_and_nothing_else(
    clone: Path, workspace: DemoWorkspace
) -> None:
    mine = {"cogs/coins.py": "new\n", "tests/cogs/test_coins.py": "tests\n", TABLE: "{}\n"}
    write(clone, {**mine, "cogs/dice.py": "mine\n", "new.py": "", "cogs/__pycache__/x.pyc": ""})
    write(clone, {".git/info/exclude": "__pycache__\n"})
    before = take_snapshot(clone)

    await prepare(clone, workspace, None, DEMO_PATHS)

    assert take_snapshot(clone) == before
    assert {path: (workspace.checkout / path).read_text() for path in mine} == mine
    assert run_git(workspace.checkout, "diff", "--name-only", "HEAD~2..HEAD~1").split() == sorted(
        mine
    )
    assert run_git(workspace.checkout, "status", "--porcelain") == ""
    assert run_git(workspace.forge, "show", "main:cogs/coins.py") == "new"


async def test_a_cog_that_was_changed_stays_as_it_is_committed_and_the_page_says_so(
    clone: Path, workspace: DemoWorkspace
) -> None:
    write(clone, {"cogs/dice.py": "mine\n", TABLE: "{}\n", "cogs/quotes.py": None})
    for number in range(5):
        write(clone, {f"cogs/new_{number}.py": ""})
    run_git(clone, "add", "cogs/new_0.py")
    assert (await find_uncommitted_cogs(clone)).describe() == [
        "`cogs/new_0.py`, `cogs/new_1.py`, `cogs/new_2.py` and 2 more: not committed yet; this "
        "copy has the version of your checkout.",
        "`cogs/dice.py`, `cogs/quotes.py`: changed since your last commit; this copy has the "
        "committed version.",
    ]
    await prepare(clone, workspace, None, DEMO_PATHS)
    assert (workspace.checkout / "cogs/quotes.py").exists()
    assert "NOTATION" in (workspace.checkout / "cogs/dice.py").read_text()


async def test_where_nothing_is_committed_everything_is_taken_and_nothing_is_told(
    archive: Path,
) -> None:
    assert (await find_uncommitted_cogs(archive)).describe() == []
    run_git(archive, "init", "-q")
    assert (await find_uncommitted_cogs(archive)).describe() == []


@pytest.mark.parametrize("where", ["HEAD~1", "another-branch"])
async def test_another_branch_or_no_branch_becomes_main(
    clone: Path, workspace: DemoWorkspace, where: str
) -> None:
    run_git(clone, "branch", "another-branch", "HEAD~1")
    run_git(clone, "checkout", "-q", where)

    await prepare(clone, workspace, None, DEMO_PATHS)

    assert run_git(workspace.checkout, "symbolic-ref", "--short", "HEAD") == "main"
    assert (workspace.checkout / "notes.txt").read_text() == "first\n"
    assert run_git(workspace.forge, "show", "main:notes.txt") == "first"


async def test_a_shallow_clone_does_and_its_home_takes_new_branches(
    clone: Path, workspace: DemoWorkspace, tmp_path: Path
) -> None:
    shallow = tmp_path / "shallow"
    run_git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", str(shallow))

    await prepare(shallow, workspace, a_fault(), DEMO_PATHS)

    commit(workspace.checkout, {"mended.txt": "yes\n"}, "Mend")
    run_git(workspace.checkout, "push", "-q", "origin", "HEAD:refs/heads/theseus/mend")
    assert run_git(workspace.forge, "log", "-1", "--format=%s", "theseus/mend") == "Mend"


async def test_a_worktree_does(clone: Path, workspace: DemoWorkspace, tmp_path: Path) -> None:
    run_git(clone, "worktree", "add", "-q", str(tmp_path / "beside"), "-b", "beside")
    await prepare(tmp_path / "beside", workspace, None, DEMO_PATHS)
    assert (workspace.checkout / "notes.txt").read_text() == "second\n"


async def test_hooks_of_the_visitor_do_not_run(clone: Path, workspace: DemoWorkspace) -> None:
    hook = clone / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {clone}/hooked\n")
    hook.chmod(0o755)
    await prepare(clone, workspace, a_fault(), DEMO_PATHS)
    assert not (clone / "hooked").exists()


def telling(fault: Change) -> set[str]:
    """Return the lines that give a fault away wherever they are written down."""
    lines = [line for _, after in fault.replacements for line in after.splitlines()]
    lines += fault.message.splitlines()
    known = (ROOT / fault.file).read_text()
    return {line.strip() for line in lines if len(line.strip()) > 20 and line not in known}


def objects(repository: Path) -> str:
    """Return everything the repository holds, whether anything leads to it or not."""
    held = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects"],
        cwd=repository, capture_output=True, check=True,
    )  # fmt: skip
    return held.stdout.decode(errors="replace")


def holding(repository: Path, line: str) -> set[str]:
    """Return the files that hold a line."""
    found = subprocess.run(
        ["git", "grep", "--files-with-matches", "--fixed-strings", line.strip()],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return set(found.stdout.splitlines())


EVERY = (*FAULTS, *(living.fault for living in LIVING if living.fault is not None))


def written_down(fault: Change) -> str:
    return "".join(f"# {line}\n" for line in sorted(telling(fault)))


async def test_nothing_the_bot_can_search_says_how_a_fault_is_made(
    clone: Path, workspace: DemoWorkspace
) -> None:
    """Neither the files nor the history, though both once held it."""
    for number, name in enumerate((*ABOUT_FAULTS, *FORMER_PATHS)):
        about = EVERY[number % len(EVERY)]
        commit(clone, {name: written_down(about)}, f"Write {name}")
        commit(clone, {name: "# other words\n"}, f"Change {name}")
    assert any(line in objects(clone) for each in EVERY for line in telling(each))

    await prepare(clone, workspace, None, DEMO_PATHS)

    for place in (workspace.checkout, workspace.forge):
        held = objects(place)
        assert [line for each in EVERY for line in telling(each) if line in held] == []
    assert run_git(workspace.checkout, "log", "--format=%s", "main").splitlines()[-2:] == [
        "Second", "First",
    ]  # fmt: skip


async def test_a_planted_fault_is_told_by_its_own_commit_alone(
    clone: Path, workspace: DemoWorkspace
) -> None:
    fault = a_fault()
    commit(clone, {ABOUT_FAULTS[0]: written_down(fault)}, "Write it down")
    await prepare(clone, workspace, fault, DEMO_PATHS)
    for before, _ in fault.replacements:
        for line in before.splitlines():
            assert holding(workspace.checkout, line) <= {fault.file, fault.test_file}
    last = run_git(workspace.checkout, "show", "HEAD")
    for line in telling(fault):
        assert line in last
        touched = run_git(workspace.checkout, "log", "--format=%s", "-S", line).splitlines()
        assert touched in ([], [fault.message.splitlines()[0]])


async def test_an_archive_leaves_out_what_is_about_faults_too(
    archive: Path, workspace: DemoWorkspace
) -> None:
    write(archive, dict.fromkeys(ABOUT_FAULTS, "the answer to everything\n"))
    await prepare(archive, workspace, None, DEMO_PATHS)
    assert "the answer to everything" not in objects(workspace.checkout)
    assert [name for name in ABOUT_FAULTS if (workspace.checkout / name).exists()] == []


def test_every_file_that_needs_the_faults_is_left_out() -> None:
    needs = re.compile(r"from bot\.demo\.faults import [^\n]*\b(?:FAULTS|LIVING|find_living)\b")
    chooses = re.compile(r"^\w+ = choose\(", re.MULTILINE)
    tests = [path for path in (ROOT / "tests").rglob("*.py") if "test_" in path.name]
    found = {
        str(path.relative_to(ROOT))
        for path in tests
        if needs.search(text := path.read_text(encoding="utf-8"))
        or ("bot.demo.faults" in text and chooses.search(text))
    }
    assert found <= set(ABOUT_FAULTS)
    assert {f"bench/scripts/{name}" for name in DATA} <= set(ABOUT_FAULTS)
    assert [name for name in ABOUT_FAULTS if not (ROOT / name).is_file()] == []


@pytest.mark.slow
async def test_this_repositorys_own_copy_runs_and_holds_no_fault(workspace: DemoWorkspace) -> None:
    await prepare(ROOT, workspace, a_fault(), DEMO_PATHS)
    held = objects(workspace.checkout)
    own = telling(a_fault())
    others = {line for each in EVERY for line in telling(each)} - own
    assert [line for line in sorted(others) if line in held] == []
    for line in own:
        assert holding(workspace.checkout, line) <= {a_fault().file, a_fault().test_file}
    told = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "demo", "--no-browser", "--fault", "dice-percent"],
        cwd=workspace.checkout,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(workspace.home), "LC_ALL": "C.UTF-8"},
    )
    assert "holds no faults" in told.stderr


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=() if number < 2 else pytest.mark.slow)
        for number, fault in enumerate(FAULTS)
    ],
    ids=lambda fault: fault.name,
)
async def test_every_fault_is_one_small_commit_by_somebody_else(
    clone: Path, workspace: DemoWorkspace, fault: PlantedFault
) -> None:
    if not fits(fault):
        pytest.skip(f"{fault.name} is planted or mended here already")

    await prepare(clone, workspace, fault, DEMO_PATHS)

    changed = run_git(workspace.checkout, "diff", "--name-only", "HEAD~1", "HEAD").splitlines()
    assert set(changed) == {fault.file, fault.test_file} - {""}
    author = run_git(workspace.checkout, "log", "-1", "--format=%an <%ae>")
    assert author == fault.author
    assert run_git(workspace.checkout, "log", "-1", "--format=%B") == fault.message
    assert run_git(workspace.forge, "rev-parse", "main") == run_git(
        workspace.checkout, "rev-parse", "HEAD"
    )


async def test_the_configuration_says_where_the_bot_lives(
    clone: Path, workspace: DemoWorkspace
) -> None:
    await prepare(clone, workspace, None, DEMO_PATHS)

    config = parse_config(workspace.config.read_text(), "config.yaml")
    assert (config.discord.guild_id, config.discord.dev_channel_id) == (11, 12)
    assert config.discord.answers_unaddressed
    assert set(config.people.developers.users) == set(config.people.approvers.users) == {13}
    assert config.forge.path == workspace.forge
    assert config.engine.name == "offline"
    shipped = yaml.safe_load((ROOT / "data/config.yaml").read_text())
    written = yaml.safe_load(workspace.config.read_text())
    assert written["checks"]["quick"] == shipped["checks"]["quick"]


async def test_without_git_it_says_so(
    clone: Path, workspace: DemoWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="git is not installed"):
        await prepare(clone, workspace, None, DEMO_PATHS)


def test_another_bots_state_is_not_taken_for_the_demos(tmp_path: Path) -> None:
    (tmp_path / "theseus.sqlite3").touch()
    with pytest.raises(ConfigError, match=r"THESEUS_STATE: .* another bot"):
        DemoWorkspace.from_home(tmp_path / "home", tmp_path)


def test_nothing_in_the_copy_imports_what_is_left_out() -> None:
    """Its linter would sort such an import elsewhere, and no fix would pass the full checks."""
    left_out = {name.removesuffix(".py").replace("/", ".") for name in ABOUT_FAULTS}
    kept = [name for name in list_tracked_files(ROOT) if name.endswith(".py")]
    imports = {
        name: set(re.findall(r"^(?:from|import) ([\w.]+)", (ROOT / name).read_text("utf-8"), re.M))
        for name in kept
        if name not in ABOUT_FAULTS and (ROOT / name).is_file()
    }

    found = {name: modules & left_out for name, modules in imports.items() if modules & left_out}
    assert found == {}
