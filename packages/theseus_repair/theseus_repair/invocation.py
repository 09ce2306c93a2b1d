"""Parses a test command: is it pytest, with which interpreter, for which tests?"""

import argparse
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from itertools import takewhile
from os.path import normpath
from pathlib import Path

SHELL = re.compile(r"[;&|<>$`()*?~\n]")
SETTING = re.compile(r"[A-Za-z_]\w*=")
# Options that would slow a run down, stop it early or print; each may have a value with "=".
DROPPED = re.compile(
    r"^(-[qvslx]+|--(exitfirst|verbose|quiet|tb|maxfail|lf|last-failed|ff|failed-first|nf|sw"
    r"|stepwise|durations|cov|cov-report|color|no-header|no-summary|pdb|capture|timeout"
    r"|numprocesses|dist)(=.*)?|--cov.*|-n\w*|-p=?no:cacheprovider)$"
)
VALUED = {"-m", "-c", "-o", "-W", "-p", "--rootdir", "--ignore", "--deselect"}
VALUED_DROPPED = {"-n", "--maxfail", "--tb", "--durations", "--cov", "--cov-report", "--color"}


@dataclass(frozen=True, slots=True)
class Invocation:
    """A parsed pytest command: interpreter, tests (paths or node ids), other options.

    `named` are options that select tests by name, such as `-k` with its value. Without tests, the
    command runs all that pytest finds. `environment` are the variables that it sets itself, as
    `NAME=value`; `folder` is where it runs, below the repository. Tests are relative to the
    repository.
    """

    python: str
    tests: tuple[str, ...]
    options: tuple[str, ...]
    named: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    folder: str = ""

    @property
    def argv(self) -> list[str]:
        """The command that runs the same tests, with little output."""
        return ["env", *self.environment, self.python, "-m", "pytest", "-q", "-p",
                "no:cacheprovider", *self.options, *self.named, *self.tests]  # fmt: skip

    @property
    def places(self) -> tuple[str, ...]:
        """The named tests, or the folder if none are named."""
        return self.tests or (self.folder or ".",)


def enter_folder(folder: str, invocation: Invocation) -> Invocation:
    """Return the invocation for tests relative to a folder, running in that folder."""
    if folder == ".":
        return invocation
    parts = (test.partition("::") for test in invocation.tests)
    tests = tuple(f"{normpath(Path(folder, path))}{mark}{rest}" for path, mark, rest in parts)
    return replace(invocation, tests=tests, folder=folder)


def pytest_invocation(command: str, repo: Path) -> Invocation | None:
    """Return the parsed command, or `None` if it is not a plain pytest or unittest command."""
    if SHELL.search(re.sub(r"\[[^]]*\]|-[kmp]\s*(\"[^\"]*\"|'[^']*')", "", command)):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    settings = tuple(takewhile(SETTING.match, words))
    words = words[len(settings) :]
    if words[1:2] == ["run"]:  # `uv run`, `poetry run` and others choose the environment themselves
        program = repo / ".venv/bin" / "".join(words[2:3])
        words = [str(program), *words[3:]] if program.is_file() else []
    return parse_invocation(words, repo, settings)


def parse_invocation(
    tokens: Sequence[str], repo: Path, environment: tuple[str, ...] = ()
) -> Invocation | None:
    """Return the parsed tokens of a command run in `repo` with this environment.

    Return `None` if they are neither pytest nor unittest.
    """
    found = _parse_tokens(tokens, repo)
    return replace(found, environment=environment) if found else None


def _parse_tokens(tokens: Sequence[str], repo: Path) -> Invocation | None:
    if not tokens:
        return None
    name = Path(tokens[0]).name
    if name in {"pytest", "py.test"}:
        program = _find_program(tokens[0], repo)
        python = str(Path(program).parent / "python") if program else sys.executable
        return _parse_pytest_tokens(
            python if Path(python).exists() else sys.executable, tokens[1:], repo
        )
    if name.startswith("python") and list(tokens[1:3]) == ["-m", "pytest"]:
        return _parse_pytest_tokens(
            _find_program(tokens[0], repo) or sys.executable, tokens[3:], repo
        )
    if name.startswith("python") and list(tokens[1:3]) == ["-m", "unittest"]:
        tests = _parse_unittest_tokens(tokens[3:], repo)
        if tests and all(tests):
            python = _find_program(tokens[0], repo) or sys.executable
            return Invocation(python, tuple(test for test in tests if test), ())
    return None


def _find_program(program: str, repo: Path) -> str | None:
    if "/" in program:
        path = repo / program
        return str(path.absolute()) if path.exists() else None
    return shutil.which(program)


def _parse_pytest_tokens(python: str, tokens: Sequence[str], repo: Path) -> Invocation:
    tests: list[str] = []
    options: list[str] = []
    named: list[str] = []
    rest = iter(tokens)
    for word in rest:
        if word in VALUED_DROPPED:
            next(rest, None)
        elif word.startswith("-k"):
            named += [word] if word != "-k" else [word, next(rest, "")]
        elif word in VALUED:
            options += [word, next(rest, "")]
        elif word.startswith("-"):
            options += [] if DROPPED.match(word) else [word]
        else:
            tests.append(_to_relative(word, repo))
    return Invocation(python, tuple(tests), tuple(options), tuple(named))


def _to_relative(test: str, repo: Path) -> str:
    """Return a test's path relative to the repository, if it was absolute and inside."""
    path, mark, rest = test.partition("::")
    if Path(path).is_absolute() and Path(path).is_relative_to(repo.resolve()):
        path = str(Path(path).relative_to(repo.resolve()))
    return f"{path}{mark}{rest}"


def _parse_unittest_tokens(tokens: Sequence[str], repo: Path) -> list[str | None]:
    """Return the tests that unittest runs with these arguments; `None` for an unknown name."""
    named = [word for word in tokens if not word.startswith("-")]
    if named and "discover" not in tokens:
        return [_find_unittest_path(word, repo) for word in named]
    try:
        arguments, _ = _build_discovery_parser().parse_known_args(
            [word for word in tokens if word != "discover"]
        )
    except argparse.ArgumentError:  # the command itself reports it
        return []
    files = _discover_files(repo / arguments.start, arguments.pattern)
    return [file.relative_to(repo).as_posix() for file in files if file.is_relative_to(repo)]


def _build_discovery_parser() -> argparse.ArgumentParser:
    """Return a parser of `unittest discover`, whose options may also be positional."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("-s", "--start-directory", dest="start", default=".")
    parser.add_argument("-p", "--pattern", dest="pattern", default="test*.py")
    parser.add_argument("-t", "--top-level-directory", dest="top")
    for name in ("start", "pattern", "top"):
        parser.add_argument(name, nargs="?", default=argparse.SUPPRESS)
    return parser


def _discover_files(folder: Path, pattern: str) -> Iterator[Path]:
    """Yield the test files that unittest finds in a folder and in the packages below it."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and (path / "__init__.py").is_file():
            yield from _discover_files(path, pattern)
        elif path.is_file() and path.stem.isidentifier() and fnmatch(path.name, pattern):
            yield path


def _find_unittest_path(name: str, repo: Path) -> str | None:
    """Return the pytest node id of `package.module.Class.method`, or of a path."""
    if name.endswith(".py") and (repo / name).is_file():
        return name
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count]) + ".py"
        if (repo / path).is_file():
            return "::".join([path, *parts[count:]])
    return None
