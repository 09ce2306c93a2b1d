"""The faults of the repair set: a package of the index, with one changed place.

`scripts/repair_set.yaml` names them; no package's code is in the repository. A hash of the names
splits them into halves. Developers of the repair look at half `a` only.
"""

import ast
import hashlib
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from theseus_guard.record import Record
from theseus_guard.syntax import parse

from bench.script_data import read_data
from bot.domain.errors import ConfigError

DATA = "repair_set.yaml"
Half = Literal["a", "b"]

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost")


class Package(Record):
    """A package as its authors published it, and how its tests are run.

    `tests` is the folder or file of the complete suite, `options` come before it; `sha256` is that
    of the source distribution.
    """

    name: str
    version: str
    sha256: str
    tests: str
    options: tuple[str, ...] = ()


class Case(Record):
    """A fault: at `line` (from 1) and `column` (from 0) of `file`, `was` is replaced by `now`.

    `test` fails with it; `operator` is the mutation tool's name for the edit.
    """

    name: str
    package: str
    operator: str
    file: str
    line: int
    column: int
    was: str
    now: str
    test: str

    @property
    def half(self) -> Half:
        """Return the half that it belongs to, by a hash of its name."""
        return "b" if int(hashlib.sha256(self.name.encode()).hexdigest()[-1], 16) % 2 else "a"

    def plant_in(self, source: str) -> str:
        """Return the file's text with the fault. Raises `ValueError` where it does not fit."""
        lines = source.splitlines(keepends=True)
        start = sum(map(len, lines[: self.line - 1])) + self.column
        if not source.startswith(self.was, start) or self.line > len(lines):
            place = f"{self.file}:{self.line}:{self.column}"
            raise ValueError(f"{self.name}: {self.was!r} does not stand at {place}")
        return source[:start] + self.now + source[start + len(self.was) :]


class RepairSet(NamedTuple):
    """Every case, the packages by their names, and what their tests need (pinned)."""

    packages: Mapping[str, Package]
    cases: tuple[Case, ...]
    needs: tuple[str, ...]


def read_set() -> RepairSet:
    """Return the set. Raises `ConfigError` or `ValidationError` for a file of another shape."""
    data = read_data(DATA)
    packages = {
        name: Package.model_validate({"name": name, **about})
        for name, about in data["packages"].items()
    }
    return RepairSet(packages, tuple(_parse_cases(data["cases"])), tuple(data["needs"]))


def _parse_cases(named: Mapping[str, Mapping[str, Mapping[str, object]]]) -> Iterator[Case]:
    for package, cases in named.items():
        for key, about in cases.items():
            yield Case.model_validate({"name": f"{package}-mut-{key}", "package": package, **about})


def unpack(archive: Path, package: Package, into: Path) -> Path:
    """Unpack a source distribution below `into` and return its only folder.

    Raises `ConfigError` if its hash is not that of the set.
    """
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise ConfigError(
            f"{archive.name}: its sha256 is {found}, but {DATA} says {package.sha256}. "
            "Was it packed again? Delete it and fetch it from the index."
        )
    with tarfile.open(archive) as packed:
        packed.extractall(into, filter="data")
    return next(each for each in into.iterdir() if each.is_dir())


def plant_case(case: Case, tree: Path) -> None:
    """Plant a case in its package's tree, and make that a repository of one commit."""
    file = tree / case.file
    source = file.read_bytes().decode()
    file.write_bytes(case.plant_in(source).encode())
    for words in (("init", "-q"), ("add", "-A", "-f"), ("commit", "-qm", "The code as it is")):
        subprocess.run([*_GIT, *words], cwd=tree, check=True, capture_output=True)


def is_same_code(one: str, other: str) -> bool:
    """Return whether two sources are the same but for comments and layout."""
    try:
        return ast.dump(parse(one)) == ast.dump(parse(other))
    except SyntaxError:
        return False
