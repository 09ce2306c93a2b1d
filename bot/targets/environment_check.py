"""Checks whether a target's packages are listed in a form that can be installed."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement

from bot.domain.target import TargetEnvironment
from bot.targets.source_tree import decode

_PROGRAMS = {"uv": "uv", "poetry": "poetry", "pipfile": "pipenv"}
_OPTION = re.compile(r"\s--[\w-]+(?:[=\s]+[^\s;]+)?")
"""An option of pip behind a package, such as `--hash=...`."""
_SECONDS = 300
_MAX_CHARS = 300


class EnvironmentProblem(NamedTuple):
    """Why an environment cannot be made, and the way out."""

    reason: str
    remedy: str


def find_environment_problem(
    folder: Path, environment: TargetEnvironment
) -> EnvironmentProblem | None:
    """Return what is wrong with the list of packages or its program; `None` if nothing is."""
    if environment.file is None:
        return None
    file = folder / environment.file
    if not file.is_file():
        return EnvironmentProblem(
            f"there is no {environment.file}", "Correct environment.file in the target's entry."
        )
    program = _PROGRAMS.get(environment.kind)
    if program and shutil.which(program, path=_list_program_folders()) is None:
        return EnvironmentProblem(
            f"{environment.kind} environments need the program {program}, which is not installed",
            f"Install {program}, or set environment.kind to requirements or pyproject.",
        )
    try:
        _read_packages(file)
    except (OSError, ValueError) as error:
        return EnvironmentProblem(f"{environment.file}: {error}", f"Correct {file}.")
    return None


def _list_program_folders() -> str:
    """Return where programs are looked for: next to this interpreter first, then on PATH."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _read_packages(file: Path) -> list[str]:
    """Return the requirements of a requirements file or a `[project]`; `ValueError` if invalid."""
    text = decode(file.read_bytes())
    if file.suffix in (".toml", ".lock") or file.name == "Pipfile":
        content = tomllib.loads(text)
        listed = content.get("project", {}).get("dependencies", [])
    else:
        listed = _split_requirements(text) if file.suffix in (".txt", ".in") else []
    for number, each in enumerate(listed, 1):
        try:
            Requirement(str(each))
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"package {number}, {str(each)[:60]!r}: {reason}") from error
    return [str(each) for each in listed]


def _split_requirements(text: str) -> list[str]:
    """Return the named packages of a requirements file, without options, paths and URLs."""
    lines = text.replace("\\\n", " ").splitlines()
    plain = [_OPTION.sub("", line.partition(" #")[0]).strip() for line in lines]
    return [
        line
        for line in plain
        if line and not line.startswith(("#", "-", ".", "/")) and "://" not in line.split("@")[0]
    ]


def try_resolution(folder: Path, environment: TargetEnvironment, python: str) -> str:
    """Let uv or pip choose versions without installing them; returns why that is not possible.

    Only wheels are looked at, because building a package runs its code. It takes the network and
    up to five minutes. Blocking.
    """
    file = folder / (environment.file or "")
    packages = _read_packages(file)
    if not packages:
        return ""
    with tempfile.TemporaryDirectory(prefix="theseus-") as name:
        listed = Path(name) / "packages.txt"
        listed.write_text("\n".join(packages) + "\n", encoding="utf-8")
        uv = shutil.which("uv", path=_list_program_folders())
        argv = _build_uv_command(uv, python) if uv else _build_pip_command(python)
        try:
            done = subprocess.run(
                [*argv, str(listed)],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                cwd=name,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{argv[0]} did not answer: {type(error).__name__}"
    if done.returncode == 0:
        return ""
    text = " ".join(done.stderr.split())  # both wrap their explanation over several lines
    return text.partition("ERROR: ")[2][:_MAX_CHARS] or text[:_MAX_CHARS] or "it failed"


def _build_uv_command(uv: str, python: str) -> list[str]:
    return [uv, "pip", "compile", "--no-build", "--no-config", "-q", "--no-header",
            "--python", python, "-o", os.devnull]  # fmt: skip


def _build_pip_command(python: str) -> list[str]:
    return [python, "-I", "-m", "pip", "install", "--dry-run", "--ignore-installed",
            "--only-binary", ":all:", "--disable-pip-version-check", "-q", "-r"]  # fmt: skip
