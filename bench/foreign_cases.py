"""Real fixes of bots that others wrote, as files in a folder outside of the repository.

One YAML file a case: `repo`, `git` (its git directory), `base` and `fix` (commits), `file` and
`lines` (what the fix changed, as of `base`), `effect` (`exception` or `wrong answer`), `half`,
`own_start` (false if a host of the corpus loads only the cog), `start`, `python`, `files` (as the
options of theseus-rehearse), and `script`, which shows the fault at `base` and not at `fix`.
"""

import ast
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import Field, ValidationError
from theseus_guard.record import Record
from theseus_guard.syntax import parse
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign import ForeignRehearsal, parse_start
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.records import Script
from theseus_rehearsal.reproductions import JournalRecord
from theseus_rehearsal.script_files import parse_script

from bot.domain.errors import ConfigError

NEAR = 3
"""A line this close to a changed one counts as the right one."""

Place = Literal["line", "function", "elsewhere", "none"]


class ForeignFix(Record):
    """A fix, and the script that shows what it fixes."""

    id: str
    repo: str
    git: Path
    base: str
    fix: str
    file: str
    lines: tuple[int, ...]
    effect: Literal["exception", "wrong answer"]
    half: Literal["open", "aside"]
    own_start: bool
    start: str
    python: Path
    files: Path | None = None
    about: str = ""
    script: Mapping[str, Any] = Field(default_factory=dict)

    def read_script(self) -> Script:
        """Return the script that shows the fault."""
        return parse_script(yaml.safe_dump(dict(self.script), allow_unicode=True), self.id)

    def build_rehearsal(self, sandbox: Sandbox, tree: Path) -> ForeignRehearsal:
        """Return the rehearsal of this bot."""
        return ForeignRehearsal(
            sandbox,
            parse_start(self.start),
            python=self.python,
            work_tree=tree,
            files=self.files,
        )


class Trees(NamedTuple):
    """The files of a case before and after its fix."""

    base: Path
    fix: Path


def read_cases(folder: Path) -> list[ForeignFix]:
    """Return the cases in a folder, by name. Raises `ConfigError` that names the file."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigError(f"{folder} has no case: name a folder of YAML files, one a fix.")
    return [_read_case(file) for file in files]


def _read_case(file: Path) -> ForeignFix:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        known = {name: content[name] for name in ForeignFix.model_fields if name in content}
        case = ForeignFix.model_validate(known)
        case.read_script()
    except (OSError, TypeError, yaml.YAMLError, ValidationError, RehearsalError) as error:
        raise ConfigError(f"{file} is no case: {error}") from error
    return case


def extract_trees(case: ForeignFix, folder: Path) -> Trees:
    """Write both states of a case's repository into a folder."""
    return Trees(*(extract(case, commit, folder / commit[:12]) for commit in (case.base, case.fix)))


def extract(case: ForeignFix, commit: str, tree: Path) -> Path:
    """Write the files of a commit into a new folder, and return it."""
    tree.mkdir(parents=True)
    git = ["git", f"--git-dir={case.git}", "archive", commit]
    archive = subprocess.run(git, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    return tree


def judge_record(case: ForeignFix, failure: JournalRecord, tree: Path) -> Place:
    """Return how well the record's innermost frame names what the fix changed."""
    frames = (failure.get("error") or {}).get("frames")
    return (
        judge_place(case, f"{frames[-1]['file']}:{frames[-1]['line']}", tree) if frames else "none"
    )


def judge_place(case: ForeignFix, named: str, tree: Path) -> Place:
    """Return how well a place, as `file:line`, is what the fix changed."""
    file, _, number = named.rpartition(":")
    place = int(number)
    if file != case.file:
        return "elsewhere"
    if any(abs(place - line) <= NEAR for line in case.lines):
        return "line"
    source = parse((tree / case.file).read_text(encoding="utf-8"))
    functions = [
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(source)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    shared = any(
        place in lines and any(line in lines for line in case.lines) for lines in functions
    )
    return "function" if shared else "elsewhere"
