"""`pytest --replays FOLDER`: runs each script of a folder as a test.

A script states the expected answers under its steps, as `theseus-rehearse --yaml` prints them. The
tested code is the working tree below pytest's root. It runs with your rights, as tests do.

Everything else of this package is imported only if the option is used.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = pytest.StashKey[Path]()
SESSION = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("replays", "replays of a Discord bot")
    group.addoption("--replays", metavar="FOLDER", help="Run the scripts (*.yaml) of this folder.")
    group.addoption(
        "--replays-start",
        metavar="COMMAND",
        help="How a bot that is not built on Theseus starts, such as 'python bot.py'.",
    )


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hook with which a project chooses another rehearsal."""
    pluginmanager.add_hookspecs(ReplayHooks)


class ReplayHooks:
    """The hooks of this plugin."""

    @pytest.hookspec(firstresult=True)
    def pytest_open_rehearsal(self, config: pytest.Config) -> Any:
        """Return the `theseus_rehearsal.Rehearsal` that runs the scripts, or `None`.

        By default the code runs in plain child processes, which do not confine it.
        """


def pytest_configure(config: pytest.Config) -> None:
    """Collect the folder; without other paths on the command line, collect nothing else."""
    named = config.getoption("replays")
    if not named:
        return
    folder = (config.invocation_params.dir / named).resolve()
    if not folder.is_dir():
        raise pytest.UsageError(f"--replays: {named} is no folder")
    config.stash[FOLDER] = folder
    given = config.args if config.args_source == config.ArgsSource.ARGS else []
    config.args = [*given, str(folder)]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ReplayFile | None":
    """Collect the scripts of the folder."""
    folder = parent.config.stash.get(FOLDER, None)
    if folder is None or file_path.suffix not in (".yaml", ".yml"):
        return None
    inside = file_path.resolve().is_relative_to(folder)
    return ReplayFile.from_parent(parent, path=file_path) if inside else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the processes that ran the scripts."""
    replays = session.config.stash.get(SESSION, None)
    if replays is not None:
        replays.close()


class ReplayFile(pytest.File):
    """A script file: one test."""

    def collect(self) -> Iterator["ReplayItem"]:
        """Yield the test."""
        yield ReplayItem.from_parent(self, name=self.path.stem)


class ReplayItem(pytest.Item):
    """Runs a script; fails if people see other answers than the script states."""

    def runtest(self) -> None:
        """Run the script with the code of the working tree."""
        from theseus_rehearsal.errors import RehearsalError
        from theseus_rehearsal.replay_check import ReplaySession

        if SESSION not in self.config.stash:
            rehearsal = self.config.hook.pytest_open_rehearsal(config=self.config)
            if rehearsal is None and self.config.getoption("replays_start"):
                rehearsal = _build_foreign_rehearsal(self.config)
            self.config.stash[SESSION] = ReplaySession(self.config.rootpath, rehearsal)
        try:
            lines: Iterable[str] = self.config.stash[SESSION].check(self.path)
        except RehearsalError as error:
            pytest.fail(str(error), pytrace=False)
        if text := "\n".join(lines):
            pytest.fail(f"People see other answers than the script states:\n{text}", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return how reports name the test."""
        return self.path, 0, f"replay: {self.name}"


def _build_foreign_rehearsal(config: pytest.Config) -> Any:
    """Return the rehearsal of a bot with its own start, in the Python that runs the tests."""
    from theseus_rehearsal.foreign import ForeignRehearsal, parse_start
    from theseus_rehearsal.sandbox import PlainSandbox

    start = parse_start(config.getoption("replays_start"))
    python = Path(sys.executable)
    return ForeignRehearsal(PlainSandbox(), start, python=python, work_tree=config.rootpath)
