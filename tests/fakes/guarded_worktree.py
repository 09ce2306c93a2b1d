"""A worktree in a state folder with secrets around it, and a guard that looks after it."""

import os
from pathlib import Path

from theseus_guard.protection import Protection
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.sandbox import BubblewrapSandbox

from bot.adapters.claude_agent.program._events import Allow, Deny, Ruling
from bot.adapters.claude_agent.tools._tool_permissions import ToolPermissionPolicy

OWNED_FILES = frozenset(
    {"cogs/dice.py", "tests/test_new.py", "cogs/café.py", "Makefile", ".git/hooks/x"}
)
PROTECTION = Protection.create(review=("bot/client.py",), never=("Makefile", ".git*", ".env*"))
TOOLS = frozenset({"run_tests", "git_diff"})


def make_worktree(state: Path) -> Path:
    """Make a worktree in a state folder, with secrets around it; return the worktree."""
    root = state / "worktrees" / "k7m2xq"
    files = {
        "cogs/dice.py": "FACES = 'abc'\n",
        "cogs/café.py": "MENU = 1\n",
        "cogs/polls.py": "POLLS = 1\n",
        "tests/test_dice.py": "def test_it():\n    assert True\n",
        "Makefile": "all:\n",
        ".env": "KEY=in-the-worktree\n",
        ".env.example": "KEY=\n",
        "deep/.env.local": "KEY=deep\n",
        ".git": f"gitdir: {state}/repository/worktrees/k7m2xq\n",
        "../k7m2xq-other/secret.py": "OTHER = 1\n",
        "../zzzzzz/cogs/dice.py": "ANOTHER RUN\n",
        "../../journal/today.ndjson": "{}\n",
        "../../theseus.sqlite3": "rows\n",
        "../../.env": "KEY=outside\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "out").symlink_to(state)
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "cogs/alias.py").symlink_to("polls.py")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    return root


def make_guard(root: Path, sandbox: Sandbox | None = None) -> ToolPermissionPolicy:
    return ToolPermissionPolicy(
        root,
        owned_files=OWNED_FILES,
        protection=PROTECTION,
        sandbox=sandbox or BubblewrapSandbox(),
        tools=TOOLS,
    )


def get_reason(ruling: Ruling) -> str:
    assert isinstance(ruling, Deny), ruling
    assert ruling.reason.endswith(".")
    assert "\n" not in ruling.reason
    assert len(ruling.reason) < 400
    return ruling.reason


def get_arguments(ruling: Ruling) -> dict[str, object]:
    assert isinstance(ruling, Allow), ruling
    return dict(ruling.arguments or {})
