"""Shell commands of the model: suggests a tool instead, or confines the command.

Parsing a command is not a security measure; the sandbox is. It only saves the model a turn that
would end in "read-only file system".
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from theseus_rehearsal.ports.sandbox import Sandbox

_SHELL = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
_CEILINGS = 'ulimit -d 4194304 2>/dev/null; ulimit -c 0; exec "$0" -c "$1"'  # 4 GiB of memory
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n.*?^\s*\2\s*$", re.DOTALL | re.MULTILINE)
_ASSIGNED = re.compile(r"\w+=.*", re.DOTALL)
_NOT_OURS = ("/tmp/", "/dev/", "$TMPDIR", "$HOME")  # noqa: S108 - private inside the sandbox

EDIT = "Commands cannot change the worktree: use Edit or Write on the files you own."
COMMIT = "Commands cannot reach git: use git_commit, which commits every change in the worktree."
PROPOSE = "Nothing is published from here: use git_pr_create to write the pull request's words."
BRANCH = "The run has its branch, which git_branch_create tells; to undo an edit, use Edit."
DIFF = "Commands cannot reach git: use git_diff, which shows all you changed."
HISTORY = "Git's history is not there for commands: use git_log and git_show."
TESTS = "Use run_tests, which runs the reproduction first and then the tests you name."
TYPES = "Use check with `types`, which runs the repository's own type check."
NETWORK = "Commands have no network and install nothing: work with what is here."

_WRAPPERS = frozenset(
    {"sudo", "env", "command", "exec", "nohup", "time", "nice", "xargs", "busybox"}
)
_RUNNERS = frozenset({"uv", "poetry", "pdm", "hatch", "pipenv"})
_EDITORS = frozenset(
    {
        "rm", "rmdir", "unlink", "mv", "cp", "ln", "touch", "mkdir", "tee", "patch", "truncate",
        "chmod", "chown", "install", "dd", "ed", "ex", "vi", "vim", "nano", "black", "isort",
        "autopep8", "yapf",
    }
)  # fmt: skip
_PROGRAMS: Mapping[str, str] = {
    **dict.fromkeys(_EDITORS, EDIT),
    **dict.fromkeys(("pytest", "py.test", "unittest", "tox", "nox", "make"), TESTS),
    **dict.fromkeys(("mypy", "dmypy", "pyright", "pyre", "pytype", "ty"), TYPES),
    **dict.fromkeys(("curl", "wget", "pip", "pip3", "pipx", "npm", "npx", "yarn", "pnpm"), NETWORK),
    **dict.fromkeys(("apt", "apt-get", "ssh", "scp", "rsync", "nc", "telnet", "ping"), NETWORK),
    **dict.fromkeys(_RUNNERS, NETWORK),
    "gh": PROPOSE,
    "hub": PROPOSE,
}
_GIT: Mapping[str, str] = {
    **dict.fromkeys(("commit", "add"), COMMIT),
    **dict.fromkeys(("push", "request-pull", "send-email"), PROPOSE),
    **dict.fromkeys(("checkout", "switch", "branch", "worktree", "tag"), BRANCH),
    **dict.fromkeys(("diff", "status", "ls-files"), DIFF),
    **dict.fromkeys(("log", "show", "blame", "reflog", "bisect", "shortlog"), HISTORY),
    **dict.fromkeys(("fetch", "pull", "clone", "remote"), NETWORK),
}


def confine(sandbox: Sandbox, command: str, root: Path, seconds: float) -> str | None:
    """Return the command line that runs `command` without write access, or `None` if impossible.

    The program that runs the command is in a sandbox itself, so this is a nested sandbox. A sandbox
    that returns the command line unchanged does not confine it. Raises `SandboxUnavailable`.
    """
    inner = [_SHELL, "-c", _CEILINGS, _SHELL, command]
    outer, env = sandbox.inner.wrap(inner, cwd=root, writable=(), env={})
    if len(outer) <= len(inner) or outer[-len(inner) :] != inner:
        return None
    clean = [f"{name}={value}" for name, value in env.items()]
    limit = ["timeout", "--kill-after=5", f"{seconds:g}"]
    return shlex.join(["/usr/bin/env", "-i", *clean, *limit, *outer])


def suggest_tool(command: str) -> str | None:
    """Return a sentence that names the right tool, if there is a tool for what the command does."""
    for tokens, targets in _iterate_simple_commands(_HEREDOC.sub(r"\3", command)):
        if any(not target.startswith(_NOT_OURS) for target in targets):
            return EDIT
        if advice := _suggest_for(_strip_wrappers(tokens)):
            return advice
    return None


def _iterate_simple_commands(command: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the words and the output files of each simple command in a command line."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    arguments: list[str] = []
    targets: list[str] = []
    try:
        tokens = list(lexer)
    except ValueError:  # an unclosed quote: the shell reports it better
        return
    remaining = iter(tokens)
    for token in remaining:
        if not set(token) <= set("();<>|&\n"):
            arguments.append(token)
        elif ">" in token or "<" in token:
            target = next(remaining, "")
            if ">" in token and not (token.endswith("&") and target[:1] in "0123456789-"):
                targets.append(target)
        else:
            yield arguments, targets
            arguments, targets = [], []
    yield arguments, targets


def _strip_wrappers(tokens: Sequence[str]) -> list[str]:
    """Return the actual command, without variables and wrappers such as `env` or `timeout`."""
    remaining = list(tokens)
    while remaining:
        name = PurePosixPath(remaining[0]).name
        if _ASSIGNED.fullmatch(remaining[0]) or name in _WRAPPERS:
            remaining = remaining[1:]
        elif name == "timeout" or remaining[0].startswith("-"):
            remaining = remaining[2:] if name == "timeout" else remaining[1:]
        elif _is_runner(name, remaining[1:2]):
            remaining = remaining[2:]
        else:
            return [name, *remaining[1:]]
    return []


def _is_runner(name: str, first: Sequence[str]) -> bool:
    if name.startswith("python"):
        return first == ["-m"]
    return name in _RUNNERS and first == ["run"]


def _suggest_for(tokens: Sequence[str]) -> str | None:
    if not tokens:
        return None
    program, *options = tokens
    if program == "git":
        return _suggest_git_tool(options)
    if program in _EDITORS and options and options[-1].startswith(_NOT_OURS):
        return None
    if program in ("sed", "gsed", "perl") and any(map(_is_in_place_option, options)):
        return EDIT
    if program == "ruff":
        checks = {"--check", "--diff"} & set(options)
        writes = "--fix" in options or (options[:1] == ["format"] and not checks)
        return EDIT if writes else None
    return _PROGRAMS.get(program)


def _is_in_place_option(option: str) -> bool:
    return bool(re.fullmatch(r"-[A-Za-z]*i(?:\..*)?|--in-place.*", option))


def _suggest_git_tool(rest: Sequence[str]) -> str:
    arguments = iter(rest)
    for argument in arguments:
        if argument in ("-C", "-c", "--git-dir", "--work-tree"):
            next(arguments, None)
        elif not argument.startswith("-"):
            return _GIT.get(argument, EDIT)
    return DIFF
