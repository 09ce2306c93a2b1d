"""What a model may not do, tried every way we could think of; and what it may."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from theseus_rehearsal.sandbox import BubblewrapSandbox

from bot.adapters.claude_agent.program._events import Allow
from bot.adapters.claude_agent.tools._tool_permissions import ToolPermissionPolicy
from tests.fakes.guarded_worktree import (
    PROTECTION,
    TOOLS,
    get_arguments,
    get_reason,
    make_guard,
    make_worktree,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lay out what the module's tests only ask about; none of them may change it."""
    root = make_worktree(tmp_path_factory.mktemp("guarded") / "state")
    before = everything(root)
    yield root
    assert everything(root) == before


@pytest.fixture
def own_root(tmp_path: Path) -> Path:
    return make_worktree(tmp_path / "state")


def everything(root: Path) -> dict[Path, tuple[int, int, int]]:
    """Return type, size and time of everything in the state folder."""
    found = {path: path.lstat() for path in root.parents[1].rglob("*")}
    return {path: (it.st_mode, it.st_size, it.st_mtime_ns) for path, it in found.items()}


# ------------------------------------------------------------------------------------------ reading

OUTSIDE = [
    "/etc/passwd",
    "../../.env",
    "../../theseus.sqlite3",
    "../../journal/today.ndjson",
    "../zzzzzz/cogs/dice.py",
    "../k7m2xq-other/secret.py",
    "{root}-other/secret.py",
    "{root}/../zzzzzz/cogs/dice.py",
    "cogs/../../../../.env",
    "cogs/./../../zzzzzz",
    "~/.ssh/id_rsa",
    "~root/.bashrc",
    "~",
    "/proc/self/environ",
    "/proc/self/root/etc/passwd",
    "/proc/1/cmdline",
    "/proc/self/cwd/cogs/dice.py",
    "/dev/stdin",
    "/dev/fd/0",
    "/",
    "//etc/passwd",
    "..",
    "../",
    "out/theseus.sqlite3",
    "out",
    "passwd",
    "{root}/out/.env",
    " /etc/passwd",
    "/etc/passwd ",
    "\t/etc/passwd",
    "\u00a0/etc/passwd",
    "\ufeff/etc/passwd",
    "file:///etc/passwd",
    "\\\\server\\share",
    "C:\\Windows\\win.ini",
    "cogs/dice.py\0.txt",
    "cogs/\u202edice.py",
    "cogs/cafe\u0301.py",
    "a/" * 3000,
    "x" * 5000,
    "loop",
    "loop/x",
    ".git",
    ".git/config",
    ".GIT/config",
    ".git./config",
    "cogs/.git /x",
    ".env",
    "{root}/.env",
    "cogs/../.env",
    ".ENV",
    "deep/.env.local",
    "pipe",
]


@pytest.mark.parametrize("path", OUTSIDE, ids=ascii)
@pytest.mark.parametrize("tool", ["Read", "Grep", "Glob", "LS"])
async def test_nothing_outside_the_worktree_or_secret_is_read(
    root: Path, tool: str, path: str
) -> None:
    name = "file_path" if tool == "Read" else "path"
    call = {name: path.replace("{root}", str(root)), "pattern": "KEY"}
    get_reason(await make_guard(root).judge(tool, call))


@pytest.mark.parametrize("path", [None, 7, ["/etc/passwd"], {"path": "/"}, b"/etc/passwd", ""])
async def test_a_path_that_is_no_text_is_refused(root: Path, path: object) -> None:
    assert "file_path" in get_reason(await make_guard(root).judge("Read", {"file_path": path}))


async def test_a_path_under_another_name_is_refused(root: Path) -> None:
    call = {"file_path": "cogs/dice.py", "path": "/etc/passwd"}
    assert "`path`" in get_reason(await make_guard(root).judge("Read", call))


@pytest.mark.parametrize("path", ["cogs/dice.py", "{root}/cogs/dice.py", "./cogs//dice.py"])
async def test_a_file_of_the_worktree_is_read_by_its_whole_path(root: Path, path: str) -> None:
    call = {"file_path": path.replace("{root}", str(root)), "limit": 10}
    ruling = await make_guard(root).judge("Read", call)
    assert get_arguments(ruling) == {"file_path": str(root / "cogs/dice.py"), "limit": 10}


@pytest.mark.parametrize("path", ["cogs/alias.py", ".env.example", "Makefile", "cogs/café.py"])
async def test_files_that_hold_no_secret_are_read(root: Path, path: str) -> None:
    assert isinstance(await make_guard(root).judge("Read", {"file_path": path}), Allow)


async def test_a_missing_file_may_be_looked_for(root: Path) -> None:
    assert isinstance(await make_guard(root).judge("Read", {"file_path": "nowhere.py"}), Allow)


async def test_the_worktree_behind_a_link_of_the_state_folder_is_the_worktree(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(root)
    permissions = make_guard(tmp_path / "link")
    call = {"file_path": f"{tmp_path}/link/cogs/dice.py"}
    assert get_arguments(await permissions.judge("Read", call)) == {
        "file_path": str(root / "cogs/dice.py")
    }


@pytest.mark.parametrize(
    "pattern",
    [
        "/etc/*",
        "../**/*.py",
        "**/../../*",
        "~/**",
        "{..,x}/*",
        "{.,x}{.,y}/*",
        ".{.,x}/*",
        ".{,x}./*",
        "{/etc,x}/*",
        "x{,/etc}",
        "\\../x",
        "[.][.]/x",
        "out/*",
        "out/**/*.sqlite3",
        "**/.env",
        ".env*",
        ".git/**",
        "cogs/\0*",
        7,
    ],
    ids=ascii,
)
async def test_a_pattern_leads_out_no_more_than_a_path(root: Path, pattern: object) -> None:
    get_reason(await make_guard(root).judge("Glob", {"pattern": pattern}))
    get_reason(await make_guard(root).judge("Grep", {"pattern": "x", "glob": pattern}))


@pytest.mark.parametrize(
    "pattern", ["**/*.py", "cogs/*.{py,md}", "*", "tests/**/test_*.py", "[a-c]*"]
)
async def test_plain_patterns_are_allowed(root: Path, pattern: str) -> None:
    permissions = make_guard(root)
    assert isinstance(await permissions.judge("Glob", {"pattern": pattern, "path": "cogs"}), Allow)
    assert isinstance(await permissions.judge("Grep", {"pattern": "x", "glob": pattern}), Allow)


async def test_a_search_goes_around_secret_files(root: Path) -> None:
    call = get_arguments(await make_guard(root).judge("Grep", {"pattern": "KEY", "glob": "*.py"}))
    assert call == {"pattern": "KEY", "path": str(root), "glob": "*.py !**/.[eE][nN][vV]*"}


async def test_a_search_where_no_secret_is_stays_as_it_was_asked(root: Path) -> None:
    call = get_arguments(await make_guard(root).judge("Grep", {"pattern": "KEY", "path": "cogs"}))
    assert call == {"pattern": "KEY", "path": str(root / "cogs")}


# ------------------------------------------------------------------------------------------ writing

FORBIDDEN_TO_WRITE = [
    *OUTSIDE,
    "cogs/polls.py",
    "tests/test_dice.py",
    "cogs/alias.py",
    "cogs/Dice.py",
    "COGS/dice.py",
    "cogs/dice.py/",
    "cogs/dice.py/x",
    "cogs/dice.pyc",
    "cogs/dice\u200b.py",
    "cogs",
    "new.py",
    "tests/test_other.py",
    "Makefile",
    ".git/hooks/x",
    ".git/hooks/pre-commit",
    ".gitattributes",
    ".env.example",
    "out/worktrees/k7m2xq/cogs/dice.py",
    "{root}/../k7m2xq-other/cogs/dice.py",
]


@pytest.mark.parametrize("path", FORBIDDEN_TO_WRITE, ids=ascii)
@pytest.mark.parametrize("tool", ["Edit", "Write", "MultiEdit"])
async def test_nothing_but_owned_files_is_written(root: Path, tool: str, path: str) -> None:
    call = {"file_path": path.replace("{root}", str(root)), "content": "x"}
    get_reason(await make_guard(root).judge(tool, call))


@pytest.mark.parametrize("path", ["cogs/dice.py", "{root}/cogs/dice.py", "cogs/../cogs/dice.py"])
@pytest.mark.parametrize("tool", ["Edit", "Write", "MultiEdit"])
async def test_an_owned_file_is_written_by_its_whole_path(root: Path, tool: str, path: str) -> None:
    call = {"file_path": path.replace("{root}", str(root)), "content": "x"}
    ruling = await make_guard(root).judge(tool, call)
    assert get_arguments(ruling) == {"file_path": str(root / "cogs/dice.py"), "content": "x"}


async def test_a_new_file_is_written_where_it_is_owned(root: Path) -> None:
    assert isinstance(
        await make_guard(root).judge("Write", {"file_path": "tests/test_new.py"}), Allow
    )


async def test_an_owned_file_swapped_for_a_link_is_not_written(own_root: Path) -> None:
    (own_root / "cogs/dice.py").unlink()
    (own_root / "cogs/dice.py").symlink_to("/etc/hosts")
    get_reason(await make_guard(own_root).judge("Write", {"file_path": "cogs/dice.py"}))


async def test_an_owned_file_swapped_for_a_link_within_the_worktree_is_not_written(
    own_root: Path,
) -> None:
    (own_root / "cogs/dice.py").unlink()
    (own_root / "cogs/dice.py").symlink_to("polls.py")
    get_reason(await make_guard(own_root).judge("Edit", {"file_path": "cogs/dice.py"}))


async def test_a_new_file_in_a_folder_swapped_for_a_link_is_not_written(own_root: Path) -> None:
    (own_root / "tests/test_dice.py").unlink()
    (own_root / "tests").rmdir()
    (own_root / "tests").symlink_to(own_root.parent)
    get_reason(await make_guard(own_root).judge("Write", {"file_path": "tests/test_new.py"}))


async def test_an_owned_file_that_is_another_files_second_name_is_not_written(
    own_root: Path,
) -> None:
    (own_root / "cogs/dice.py").unlink()
    (own_root / "cogs/dice.py").hardlink_to(own_root / "../../theseus.sqlite3")
    get_reason(await make_guard(own_root).judge("Edit", {"file_path": "cogs/dice.py"}))


async def test_an_owned_folder_or_pipe_is_not_written(own_root: Path) -> None:
    (own_root / "cogs/dice.py").unlink()
    (own_root / "cogs/dice.py").mkdir()
    get_reason(await make_guard(own_root).judge("Write", {"file_path": "cogs/dice.py"}))
    (own_root / "cogs/dice.py").rmdir()
    os.mkfifo(own_root / "cogs/dice.py")
    get_reason(await make_guard(own_root).judge("Write", {"file_path": "cogs/dice.py"}))


async def test_the_reason_says_what_is_owned_and_how_to_ask(root: Path) -> None:
    permissions = ToolPermissionPolicy(
        root,
        owned_files=frozenset({"cogs/dice.py"}),
        protection=PROTECTION,
        sandbox=BubblewrapSandbox(),
        tools=TOOLS | {"own_file"},
    )
    told = get_reason(await permissions.judge("Edit", {"file_path": "cogs/polls.py"}))
    assert told == (
        "`cogs/polls.py` is not among the files you own (`cogs/dice.py`): ask for it with "
        "own_file, and say why."
    )


async def test_a_file_owned_later_is_written_from_then_on(root: Path) -> None:
    permissions = make_guard(root)
    get_reason(await permissions.judge("Edit", {"file_path": "cogs/polls.py"}))
    permissions.grant("cogs/polls.py")
    assert isinstance(await permissions.judge("Edit", {"file_path": "cogs/polls.py"}), Allow)
    assert "cogs/polls.py" in permissions.owned_files


NAMES = (
    ".. . cogs out passwd .env .git dice.py alias.py loop ~ k7m2xq k7m2xq-other worktrees etc proc "
    "self root pipe"
)
PIECES = st.sampled_from([*NAMES.split(), "", " ", "\u202e", "\0"])


def is_itself(path: Path) -> bool:
    """Return whether no part of the path is a link."""
    return path.resolve() == path


@given(pieces=st.lists(PIECES, max_size=9), start=st.sampled_from(["", "/", "{root}/", "{out}/"]))
async def test_no_way_of_writing_a_path_leads_out(
    root: Path, pieces: list[str], start: str
) -> None:
    start = start.replace("{root}", str(root)).replace("{out}", str(root.parent))
    call = {"file_path": start + "/".join(pieces)}
    permissions = make_guard(root)
    read, written = await permissions.judge("Read", call), await permissions.judge("Write", call)
    if isinstance(read, Allow):
        path = Path(str(get_arguments(read)["file_path"]))
        assert is_itself(path)
        assert path.relative_to(root).parts[-1:] not in ((".env",), (".git",), ("pipe",))
    if isinstance(written, Allow):
        assert Path(str(get_arguments(written)["file_path"])) == root / "cogs/dice.py"


# ---------------------------------------------------------------------------------- all other tools


@pytest.mark.parametrize(
    "tool",
    [
        "WebFetch",
        "WebSearch",
        "Task",
        "Agent",
        "NotebookEdit",
        "BashOutput",
        "KillShell",
        "Skill",
        "SlashCommand",
        "ExitPlanMode",
        "read",
        "Read ",
        "",
        "mcp__theseus__git_commit",
        "mcp__theseus__",
        "mcp__other__run_tests",
        "mcp__theseus__run_tests__x",
        "run_tests",
    ],
)
async def test_a_tool_nobody_granted_is_refused(root: Path, tool: str) -> None:
    get_reason(await make_guard(root).judge(tool, {}))


@pytest.mark.parametrize("tool", ["mcp__theseus__run_tests", "StructuredOutput"])
async def test_our_own_tools_are_allowed_as_they_are_called(root: Path, tool: str) -> None:
    assert await make_guard(root).judge(tool, {"paths": ["x"]}) == Allow()


async def test_once_closed_nothing_but_the_last_word_is_allowed(root: Path) -> None:
    permissions = make_guard(root)
    permissions.close("You asked a person; end your turn now.")
    for tool in ("Read", "Edit", "Bash", "mcp__theseus__run_tests"):
        told = get_reason(
            await permissions.judge(tool, {"file_path": "cogs/dice.py", "command": "ls"})
        )
        assert told == "You asked a person; end your turn now."
    assert isinstance(await permissions.judge("StructuredOutput", {}), Allow)
