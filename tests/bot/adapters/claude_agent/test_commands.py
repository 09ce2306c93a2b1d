"""A model's commands are redirected to the right tool, or run where they can do no harm."""

import asyncio
import http.server
import os
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe

from bot.adapters.claude_agent.tools._tool_permissions import ToolPermissionPolicy
from bot.adapters.sandbox import UnavailableSandbox
from tests.fakes.guarded_worktree import (
    OWNED_FILES,
    PROTECTION,
    TOOLS,
    get_arguments,
    get_reason,
    make_guard,
    make_worktree,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_worktree(tmp_path / "state")


@pytest.fixture
def clean(root: Path) -> Path:
    """Return the worktree without secret files, so that commands may run there."""
    (root / ".env").unlink()
    (root / "deep/.env.local").unlink()
    return root


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("sed -i s/a/b/ cogs/dice.py", "Edit"),
        ("sed -i.bak s/a/b/ cogs/dice.py", "Edit"),
        ("sed -Ei 's/a/b/' cogs/dice.py", "Edit"),
        ("sed --in-place s/a/b/ cogs/dice.py", "Edit"),
        ("perl -pi -e s/a/b/ cogs/dice.py", "Edit"),
        ("cd cogs && sed -i s/a/b/ dice.py", "Edit"),
        ("echo x > cogs/dice.py", "Edit"),
        ("echo x >> cogs/dice.py", "Edit"),
        ("echo x >cogs/dice.py", "Edit"),
        ("cat <<'EOF' > cogs/dice.py\nx\nEOF", "Edit"),
        ("echo x | tee cogs/dice.py", "Edit"),
        ("rm -rf cogs", "Edit"),
        ("sudo rm -rf cogs", "Edit"),
        ("env A=1 rm cogs/dice.py", "Edit"),
        ("A=1 rm cogs/dice.py", "Edit"),
        ("mv a b", "Edit"),
        ("cp a b", "Edit"),
        ("touch new.py", "Edit"),
        ("patch -p1 < x.diff", "Edit"),
        ("ruff format .", "Edit"),
        ("ruff check --fix .", "Edit"),
        ("git commit -am x", "git_commit"),
        ("git add -A; git commit -m x", "git_commit"),
        ("git -C . commit -m x", "git_commit"),
        ("git push origin HEAD", "git_pr_create"),
        ("gh pr create", "git_pr_create"),
        ("git checkout -b other", "git_branch_create"),
        ("git reset --hard", "Edit"),
        ("git stash", "Edit"),
        ("git diff", "git_diff"),
        ("git status", "git_diff"),
        ("git log -3", "git_log"),
        ("pytest -q tests", "run_tests"),
        ("python -m pytest tests/test_dice.py", "run_tests"),
        ("uv run pytest", "run_tests"),
        ("make test", "run_tests"),
        ("mypy .", "check with `types`"),
        ("curl http://example.org", "network"),
        ("pip install requests", "network"),
        ("python -m pip install requests", "network"),
    ],
)
async def test_a_command_with_a_tool_of_its_own_is_sent_there(
    clean: Path, command: str, named: str
) -> None:
    assert named in get_reason(await make_guard(clean).judge("Bash", {"command": command}))


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"command": ""},
        {"command": "   "},
        {"command": 7},
        {"command": ["ls"]},
        {"command": "ls\0rm"},
        {"command": "x" * 30_000},
        {"command": "ls", "run_in_background": True},
        {"command": "ls", "run_in_background": "yes"},
        {"command": "ls", "dangerouslyDisableSandbox": True},
        {"command": "sleep 100 &", "run_in_background": 1},
    ],
    ids=str,
)
async def test_commands_that_cannot_be_confined_are_refused(
    clean: Path, call: dict[str, object]
) -> None:
    get_reason(await make_guard(clean).judge("Bash", call))


@pytest.mark.parametrize("sandbox", [PlainSandbox(), UnavailableSandbox("no bubblewrap")])
async def test_without_a_sandbox_there_are_no_commands(clean: Path, sandbox: Sandbox) -> None:
    told = get_reason(await make_guard(clean, sandbox).judge("Bash", {"command": "ls"}))
    assert "run_tests" in told


async def test_where_the_worktree_holds_a_secret_there_are_no_commands(root: Path) -> None:
    assert "`.env`" in get_reason(await make_guard(root).judge("Bash", {"command": "ls"}))


async def test_a_command_keeps_only_what_confines_it(clean: Path) -> None:
    call = {"command": "ls -l", "description": "list", "timeout": 10**9, "cwd": "/"}
    ruled = get_arguments(await make_guard(clean).judge("Bash", call))
    assert set(ruled) == {"command", "description", "timeout"}
    assert ruled["timeout"] == 130_000
    words = shlex.split(str(ruled["command"]))
    assert words[words.index("--") + 1 :][-1] == "ls -l"


# What follows runs what the guard made of a command, in a shell, as the program does.


@pytest.fixture
async def confined(clean: Path) -> Path:
    why = await probe()
    if why:
        pytest.skip(why)
    return clean


async def run(root: Path, command: str, **env: str) -> str:
    """Have the guard decide on a command, then run it in a shell like the program."""
    ruled = get_arguments(await make_guard(root).judge("Bash", {"command": command}))
    child = await asyncio.create_subprocess_exec(
        "/bin/bash",
        "-c",
        f"eval {shlex.quote(str(ruled['command']))} < /dev/null",
        cwd=root,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await child.communicate()
    return out.decode()


@pytest.mark.slow
async def test_a_confined_command_reads_the_worktree(confined: Path) -> None:
    assert await run(confined, "cat cogs/dice.py; pwd") == f"FACES = 'abc'\n{confined}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "open('cogs/dice.py', 'w').write('x')",
        "open('cogs/new.py', 'w').write('x')",
        "import os; os.remove('cogs/dice.py')",
        "import os; os.rename('cogs/dice.py', 'cogs/gone.py')",
        "import os; os.symlink('/etc/passwd', 'cogs/evil.py')",
        "import os; os.chmod('cogs/dice.py', 0o777)",
        "open('.git', 'w').write('gitdir: /tmp')",
        "import subprocess; subprocess.run(['mount', '-o', 'remount,rw', '/'], check=True)",
    ],
)
async def test_a_confined_command_writes_nothing(confined: Path, code: str) -> None:
    before = sorted((str(p), p.lstat().st_mtime_ns) for p in confined.parent.rglob("*"))
    told = await run(confined, f"python -c {shlex.quote(code)}")
    assert "Error" in told
    assert sorted((str(p), p.lstat().st_mtime_ns) for p in confined.parent.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    ["/root/.bashrc", "/etc/shadow", "../../.env", "../zzzzzz/cogs/dice.py", "/home/*", __file__],
)
async def test_a_confined_command_sees_nothing_else(confined: Path, path: str) -> None:
    assert "No such file or directory" in await run(confined, f"cat {path}")


@pytest.mark.slow
async def test_a_confined_command_has_none_of_our_environment(confined: Path) -> None:
    told = await run(
        confined, "env; cat /proc/*/environ | tr '\\0' '\\n'", ANTHROPIC_API_KEY="sk-very-secret"
    )
    assert "PATH=" in told
    assert "very-secret" not in told
    assert "ANTHROPIC" not in told


@pytest.fixture
def loopback() -> Iterator[int]:
    """Yield a server on this machine's loopback."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
async def test_a_confined_command_reaches_no_loopback(confined: Path, loopback: int) -> None:
    code = f"import socket; socket.create_connection(('127.0.0.1', {loopback}), 2); print('in')"
    assert "ConnectionRefused" in await run(confined, f"python -c {shlex.quote(code)}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        'echo "it\'s" $(echo sub) `echo tick` \\$HOME',
        "for i in 1 2; do\n  echo $i\ndone",
        "printf '%s\\n' 'a  b' | tr a-z A-Z",
        "echo '; touch /tmp/pwned'",
        "[[ a == a ]] && echo yes",
    ],
)
async def test_a_confined_command_means_what_it_meant(confined: Path, command: str) -> None:
    plain = await asyncio.create_subprocess_exec(
        "/bin/bash", "-c", command, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await plain.communicate()
    assert (await run(confined, command)).encode() == out


@pytest.mark.slow
async def test_a_confined_command_ends_in_time(confined: Path) -> None:
    permissions = ToolPermissionPolicy(
        confined,
        owned_files=OWNED_FILES,
        protection=PROTECTION,
        sandbox=BubblewrapSandbox(),
        tools=TOOLS,
        seconds=1.0,
    )
    ruled = get_arguments(await permissions.judge("Bash", {"command": "sleep 60 & sleep 60"}))
    child = await asyncio.create_subprocess_shell(str(ruled["command"]), cwd=confined)
    async with asyncio.timeout(10):
        assert await child.wait() in (124, 137)
