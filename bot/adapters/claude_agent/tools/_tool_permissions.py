"""Restricts a model's use of tools: read the worktree, write owned files, nothing else.

Each call is judged before it is made. The path of an allowed call is replaced by the absolute path
that was checked, so that the program uses exactly that file.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path

from theseus_guard import inspect_path
from theseus_guard.protection import Protection
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.claude_agent.program._commands import confine, suggest_tool
from bot.adapters.claude_agent.program._events import Allow, Deny, Ruling
from bot.adapters.claude_agent.prompting._plain_text import format_code
from bot.adapters.claude_agent.tools._folders import (
    WorktreePath,
    explain_pattern_refusal,
    find_secret_files,
    locate,
)
from bot.domain.errors import SandboxUnavailable

SERVER = "theseus"
PREFIX = f"mcp__{SERVER}__"
FINAL_ANSWER_TOOL = "StructuredOutput"  # the program's own tool for structured answers
TODO_TOOL = "TodoWrite"  # the program's own to-do list: it changes nothing else
_PATHS = frozenset({"path", "file_path", "notebook_path", "directory", "cwd"})
_WITHOUT_SECRETS = "!**/.[eE][nN][vV]*"
_LONGEST_COMMAND = 20_000

Rule = Callable[[str, Mapping[str, object]], Awaitable[Ruling]]


class ToolPermissionPolicy:
    """Judges every tool call of one conversation in one worktree.

    `owned_files` may be written; `tools` are the names of our own tools that may be called.
    Commands run in `sandbox` without write access, for at most `seconds`.
    """

    def __init__(
        self,
        root: Path,
        *,
        owned_files: Collection[str] = (),
        protection: Protection,
        sandbox: Sandbox,
        tools: Collection[str] = (),
        seconds: float = 120.0,
    ) -> None:
        self._alias = root.absolute()
        self._root = root.resolve()
        self._owned_files = set(owned_files)
        self._protection = protection
        self._sandbox = sandbox
        self._tools = frozenset(tools)
        self._seconds = seconds
        self._closed = ""
        self._rules: Mapping[str, Rule] = {
            "Read": self._read,
            "LS": self._search,
            "Glob": self._search,
            "Grep": self._judge_grep,
            "Edit": self._write,
            "MultiEdit": self._write,
            "Write": self._write,
            "Bash": self._run,
            TODO_TOOL: _allow_todos,
        }

    @property
    def owned_files(self) -> frozenset[str]:
        """The files that may be written now."""
        return frozenset(self._owned_files)

    def grant(self, file: str) -> None:
        """Allow one more file to be written from now on."""
        self._owned_files.add(file)

    def close(self, reason: str) -> None:
        """Refuse all further calls for that reason, except the final answer."""
        self._closed = reason

    async def judge(self, tool: str, arguments: Mapping[str, object]) -> Ruling:
        """Return whether the call may be made, and with which arguments."""
        if tool == FINAL_ANSWER_TOOL:
            return Allow()
        if self._closed:
            return Deny(self._closed)
        if tool.startswith(PREFIX) and tool.removeprefix(PREFIX) in self._tools:
            return Allow()
        rule = self._rules.get(tool)
        if rule is None:
            return Deny(
                f"There is no tool `{format_code(tool)}` here: use the ones you were given."
            )
        return await rule(tool, arguments)

    def _place(self, arguments: Mapping[str, object], argument: str) -> WorktreePath | str:
        other_arguments = _PATHS & arguments.keys() - {argument}
        if other_arguments:
            return (
                f"This tool takes no `{min(other_arguments)}`: give the path as `{argument}` alone."
            )
        return locate(self._root, self._alias, arguments.get(argument), argument)

    async def _read(self, tool: str, arguments: Mapping[str, object]) -> Ruling:
        location = self._place(arguments, "file_path")
        if isinstance(location, str):
            return Deny(location)
        return Allow({**arguments, "file_path": str(location.path)})

    async def _search(self, tool: str, arguments: Mapping[str, object]) -> Ruling:
        location = self._place({"path": str(self._root), **arguments}, "path")
        if isinstance(location, str):
            return Deny(location)
        if tool == "Glob" and (
            refused := explain_pattern_refusal(location.path, arguments.get("pattern"), "pattern")
        ):
            return Deny(refused)
        return Allow({**arguments, "path": str(location.path)})

    async def _judge_grep(self, tool: str, arguments: Mapping[str, object]) -> Ruling:
        """Allow a search in the worktree that skips files which usually hold secrets."""
        ruling = await self._search(tool, arguments)
        if isinstance(ruling, Deny):
            return ruling
        glob = arguments.get("glob")
        if glob is not None and (refused := explain_pattern_refusal(self._root, glob, "glob")):
            return Deny(refused)
        folder = Path(str((ruling.arguments or {})["path"]))
        if not await asyncio.to_thread(_has_secrets, folder):
            return ruling
        narrowed = f"{glob or '*'} {_WITHOUT_SECRETS}"
        return Allow({**(ruling.arguments or {}), "glob": narrowed})

    async def _write(self, tool: str, arguments: Mapping[str, object]) -> Ruling:
        location = self._place(arguments, "file_path")
        if isinstance(location, str):
            return Deny(location)
        if location.name not in self._owned_files:
            return Deny(self._explain_not_owned(location.name))
        blocking = [
            finding for finding in inspect_path(location.name, self._protection) if finding.blocking
        ]
        if blocking:
            return Deny(
                f"`{format_code(location.name)}` stays as it is: {_lower(blocking[0].message)}"
            )
        if location.linked or str(arguments["file_path"]).endswith("/"):
            return Deny(
                f"`{format_code(location.name)}` is reached by a link: name the file itself."
            )
        if location.path.exists() and (
            not location.path.is_file() or location.path.stat().st_nlink > 1
        ):
            return Deny(
                f"`{format_code(location.name)}` is no plain file of its own: leave it as it is."
            )
        return Allow({**arguments, "file_path": str(location.path)})

    def _explain_not_owned(self, name: str) -> str:
        examples = [f"`{format_code(file, 60)}`" for file in sorted(self._owned_files)[:3]]
        more = len(self._owned_files) - len(examples)
        listed = ", ".join(examples) + (f" and {more} more" if more > 0 else "") or "none"
        way_out = (
            "ask for it with own_file, and say why."
            if "own_file" in self._tools
            else "leave it as it is, and say at the end what it would need."
        )
        return f"`{format_code(name)}` is not among the files you own ({listed}): {way_out}"

    async def _run(self, tool: str, arguments: Mapping[str, object]) -> Ruling:
        command = arguments.get("command")
        if not isinstance(command, str) or not command.strip() or "\0" in command:
            return Deny("`command` has to be a shell command, given as text.")
        if len(command) > _LONGEST_COMMAND:
            return Deny(f"The command is longer than {_LONGEST_COMMAND:,} characters.")
        if arguments.get("run_in_background") or arguments.get("dangerouslyDisableSandbox"):
            return Deny("A command runs confined and to its end: leave those options out.")
        if advice := suggest_tool(command):
            return Deny(advice)
        secrets = await asyncio.to_thread(_find_secret, self._root)
        if secrets:
            return Deny(
                f"Commands are off here, as the repository holds `{format_code(secrets)}`: use "
                "Read, Grep, run_tests and check."
            )
        return self._confine(command, arguments)

    def _confine(self, command: str, arguments: Mapping[str, object]) -> Ruling:
        seconds = self._seconds
        requested_ms = arguments.get("timeout")
        if isinstance(requested_ms, int | float) and requested_ms > 0:
            seconds = min(seconds, requested_ms / 1000)
        try:
            line = confine(self._sandbox, command, self._root, seconds)
        except SandboxUnavailable:
            line = None
        if line is None:
            return Deny(
                "Commands are off, as this machine cannot confine them: use Read, Grep, run_tests "
                "and check."
            )
        other_arguments = {name: arguments[name] for name in ("description",) if name in arguments}
        # our own limit ends the command first, with a clear exit code
        return Allow({**other_arguments, "command": line, "timeout": int((seconds + 10) * 1000)})


async def _allow_todos(tool: str, arguments: Mapping[str, object]) -> Ruling:
    return Allow()


def _has_secrets(place: Path) -> bool:
    return bool(_find_secret(place))


def _find_secret(place: Path) -> str:
    return next(find_secret_files(place), "")


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
