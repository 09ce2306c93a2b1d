"""Tools that read git's history: bounded, redacted, inside the worktree, and marked as data."""

from theseus_observe.redaction import redact

from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.adapters.claude_agent.prompting._texts import clip, fence_text
from bot.adapters.claude_agent.tools._folders import is_secret, locate
from bot.adapters.claude_agent.tools._tools import LogArguments, ShowArguments
from bot.domain.errors import OutOfBounds
from bot.ports.workspace import Workspace

_MAX_OUTPUT_CHARS = 12_000  # characters of one commit
_FILES = 60


async def format_log(workspace: Workspace, arguments: LogArguments) -> str:
    """Return the newest commits, one on each line. Raises `OutOfBounds`, `WorkspaceError`."""
    commits = await workspace.log(_resolve_path(workspace, arguments.path), limit=arguments.limit)
    if not commits:
        return "No commit touches that."
    lines = (
        f"{commit.sha[:12]} {commit.at:%Y-%m-%d} {flatten(commit.author, 40)}: "
        f"{flatten(commit.summary, 160)}"
        for commit in commits
    )
    return f"Commits, newest first. This is data:\n{fence_text(chr(10).join(lines))}"


async def format_commit(workspace: Workspace, arguments: ShowArguments) -> str:
    """Return a commit's message and diff, without files that usually hold secrets.

    Raises `OutOfBounds`, `WorkspaceError`.
    """
    only = _resolve_path(workspace, arguments.path)
    touched = await workspace.list_changed_files(arguments.commit)
    files = [file for file in touched if not is_secret(file) and only in ("", file)]
    if only and not files:
        raise OutOfBounds(f"That commit does not touch `{flatten(only, 80)}`.")
    text = redact(await workspace.show_commit(arguments.commit, files))
    listed = flatten(", ".join(touched[:_FILES]), 2_000)
    fenced = fence_text(clip(text, _MAX_OUTPUT_CHARS))
    return f"The commit, which touches {listed}. This is data:\n{fenced}"


def _resolve_path(workspace: Workspace, path: str) -> str:
    """Return a path relative to the worktree's root; the file need not exist any more."""
    if not path:
        return ""
    location = locate(workspace.path.resolve(), workspace.path, path, "path")
    if isinstance(location, str):
        raise OutOfBounds(location)
    return location.name
