"""The complete command line: its imports, and its help texts."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from bot.cli.command_outline import is_help_request
from bot.cli.main import Theseus, build_command_line
from tests.support.entry_points import iterate_commands as every_command

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("aiohttp", "cryptography", "discord", "git", "jinja2", "matplotlib", "mypy", "pytest")
HEAVIER_THAN_HELP = (*HEAVY, "asyncio", "pydantic", "sqlite3", "structlog", "yaml")
READING = (
    "audit", "budget", "dependencies", "detect", "intent", "journal", "memory", "redact", "runs",
    "stop", "traffic", "verdict",
)  # fmt: skip

_HELP = """
import sys
sys.argv[1:] = ["--help"]
from bot.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code
sys.exit(" ".join(sorted({heavy!r} & sys.modules.keys())))
"""
_LOADED = """
import sys
from bot.cli.main import import_command
for name in {names!r}:
    import_command([name])
sys.exit(" ".join(sorted({heavy!r} & sys.modules.keys())))
"""


def _told_by(source: str) -> str:
    """Return what a program of its own says on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    return done.stderr.strip()


def test_the_help_imports_nothing_that_only_commands_need() -> None:
    assert _told_by(_HELP.format(heavy=set(HEAVIER_THAN_HELP))) == ""


def test_commands_that_only_read_import_no_client_no_server_and_no_charts() -> None:
    assert _told_by(_LOADED.format(names=READING, heavy=set(HEAVY))) == ""


def test_the_help_of_a_command_imports_nothing_that_only_its_work_needs() -> None:
    source = _HELP.replace('["--help"]', '["doctor", "--help"]')
    assert _told_by(source.format(heavy={*HEAVY, "asyncio", "sqlite3", "structlog"})) == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--help"], True),
        (["list", "--help"], True),
        ([], False),
        (["--help", "list"], False),
        (["--replay", "--help"], False),  # the name of a file
        (["--", "--help"], False),  # a word of a message
    ],
)
def test_only_arguments_that_cannot_mean_more_ask_for_help_alone(
    arguments: list[str], expected: bool
) -> None:
    assert is_help_request(arguments) is expected


def _group() -> Theseus:
    group = get_command(build_command_line())
    assert isinstance(group, Theseus)
    return group


@pytest.mark.parametrize("name", Theseus.PLACES)
def test_what_the_list_says_of_a_command_is_how_its_own_help_begins(name: str) -> None:
    told: Any = _group().load(name)
    assert told.help.split("\n\n")[0].replace("\n", " ") == Theseus.PLACES[name].summary


@pytest.mark.parametrize("name", Theseus.PLACES)
def test_the_help_without_the_imports_of_a_command_is_its_whole_help(name: str) -> None:
    whole, short = _group().load(name), _group().load(name, help_only=True)
    assert _describe(short) == _describe(whole)


def _describe(command: Any) -> Any:
    """Return what a help is rendered from, for a command and those in it."""
    parameters = [
        (each.param_type_name, each.opts, each.secondary_opts, each.help, each.required, each.nargs,
         repr(each.default), repr(each.type_descriptor.annotation))
        for each in command.params
    ]  # fmt: skip
    inner = {name: _describe(each) for name, each in getattr(command, "commands", {}).items()}
    return (command.name, command.help, command.no_args_is_help, parameters, inner)


# Those that print no records.
PLAIN = {
    "run": "the bot itself",
    "demo": "tells where its page is",
    "setup": "a dialogue",
    "stop": "does something",
    "rolling-restart": "restarts, and prints a line for each bot",
    "completion": "prints a script",
    "new bot": "clones a repository",
    "new cog": "writes files",
    "new skill": "writes a file",
    "worker": "works until it is stopped, and prints only its log",
    "advisories update": "imports, and prints one line",
    "redact": "a filter of texts",
    "audit export": "prints NDJSON or CSV, as --format says",
    "memory export": "prints NDJSON",
}


def _walked(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from _walked(f"{path} {name}", each)


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    """Return every command that does something, by how it is called."""
    group = _group()
    walked = [each for name in Theseus.PLACES for each in _walked(name, group.load(name))]
    return {
        path: command
        for path, command in walked
        if getattr(command, "invoke_without_command", True)
    }


def test_every_command_that_prints_records_prints_them_as_json(commands: dict[str, Any]) -> None:
    assert {f"theseus {path}" for path in commands} >= set(every_command())
    options = {path: {name for each in command.params for name in each.opts}
               for path, command in commands.items()}  # fmt: skip
    assert {path for path, named in options.items() if "--json" not in named} == PLAIN.keys()


def test_the_example_of_every_command_is_one_it_takes(commands: dict[str, Any]) -> None:
    silent = {"run", "doctor", "budget", "dependencies"}
    for path, command in commands.items():
        assert [each.name for each in command.params if not each.help] == [], path
        found = re.search(r"\n\nExample: (?:.* \| )?theseus ([^\n]+)", command.help)
        if found is None:
            assert path in silent, f"{path} has no example"
            continue
        words = shlex.split(re.split(r" [|>] ", found[1])[0])
        assert words[: len(path.split())] == path.split(), found[1]
        command.make_context(path, words[len(path.split()) :])


@pytest.mark.parametrize(
    ("words", "near"), [(["rums"], "runs"), (["runs", "lsit"], "list"), (["dotcor"], "doctor")]
)
def test_a_mistyped_command_gets_the_near_one(words: list[str], near: str) -> None:
    done = CliRunner().invoke(build_command_line(), words)
    assert (done.exit_code, f"Did you mean '{near}'?" in done.output) == (2, True)
