"""Makes the `targets:` entry of a repository from its inspection."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from theseus_guard.protection import PathClass, Protection
from theseus_observe.settings import FOLDER

from bot.authority.path_classes import BUILT_IN
from bot.domain.checks import Check, Checks
from bot.domain.target import (
    Target,
    TargetEnvironment,
    TargetForge,
    TargetLog,
    TargetPaths,
    TargetStart,
    is_repository_url,
)
from bot.targets.changelog import CHANGELOGS, FRAGMENT_FOLDERS
from bot.targets.checkout import TargetCheckout
from bot.targets.inspection import Inspection
from bot.targets.interpreter import Interpreter

_CHANGELOGS = (*CHANGELOGS, *(f"{folder}/+*.*.*" for folder in FRAGMENT_FOLDERS))
_TOOLS = {
    "ruff": ("lint", ("{python}", "-m", "ruff", "check", "."), 60.0),
    "ruff-format": ("format", ("{python}", "-m", "ruff", "format", "--check", "."), 60.0),
    "black": ("format", ("{python}", "-m", "black", "--check", "."), 60.0),
    "flake8": ("lint", ("{python}", "-m", "flake8"), 120.0),
    "mypy": ("types", ("{python}", "-m", "mypy", "."), 300.0),
}
# One line, because people read it in the configuration. `cogs.*` means every module of `cogs`.
_IMPORT = (
    "import sys; from importlib import import_module as load; from pkgutil import iter_modules; "
    "[load(name) for each in sys.argv[1:] for name in ([module.name for module in "
    "iter_modules(load(each[:-2]).__path__, each[:-1])] if each.endswith('.*') else [each])]"
)


def propose_name(repository: str) -> str:
    """Return a name for a target: the last part of its path or URL."""
    last = re.split(r"[/:\\]", repository.rstrip("/"))[-1].removesuffix(".git").lower()
    name = re.sub(r"[^a-z0-9_-]+", "-", last).strip("-_")[:40]
    return "bot" if name in ("", "theseus") else name


def build_target(
    name: str,
    repository: str,
    checkout: TargetCheckout,
    found: Inspection,
    interpreter: Interpreter | None,
) -> Target:
    """Return the target of an inspected repository, with safe defaults for everything unknown."""
    start = found.start or TargetStart(file=found.bot_file or "bot.py")
    return Target(
        name=name,
        repository=repository,
        branch=checkout.branch or "main",
        environment=TargetEnvironment(
            kind=found.project.environment,
            file=found.project.environment_file,
            python=interpreter.python if interpreter else None,
        ),
        start=start,
        extensions=found.extensions,
        paths=build_paths(found, start if found.start else None),
        checks=build_checks(found),
        forge=(
            TargetForge(kind="github", repository=checkout.github)
            if checkout.github
            else TargetForge()
        ),
        log=propose_log(repository),
    )


def propose_log(repository: str) -> TargetLog:
    """Return where `theseus_observe` writes by default; a clone of ours is not what runs."""
    return TargetLog() if is_repository_url(repository) else TargetLog(folder=FOLDER)


def build_paths(found: Inspection, start: TargetStart | None) -> TargetPaths:
    """Return the paths: extensions are free; what starts, configures or runs code is guarded.

    Everything else is in neither list, so a run changes it only if a person names it. `start` is
    `None` if none was found.
    """
    guarded = [*found.project.config_files]
    if start and start.file:
        guarded.append(start.file)
    if start and start.module and found.kind != "red pack":
        guarded.append(start.module.replace(".", "/") + "/__main__.py")
    if found.attachment:
        guarded.append(found.attachment.path)
    guarded += [each for each in found.project.code_runners if each in found.extension_files]
    guarded += sorted({_get_folder_pattern(each) for each in found.project.migrations})
    guarded += [".github/**"] if found.project.workflows else []
    free = _list_extension_folders(found)
    return TargetPaths(free=tuple(free), guarded=tuple(dict.fromkeys(guarded)))


def build_protection(target: Target) -> Protection:
    """Return the guards of a target's paths. A path in no list is changed only if named.

    The changelog gets an entry with each change, so it is free unless it is listed as guarded.
    """
    classes = {
        "git": BUILT_IN["git"],
        "secrets": BUILT_IN["secrets"],
        "guarded": PathClass(guard="named", paths=target.paths.guarded),
        "free": PathClass(guard="free", paths=(*target.paths.free, *_CHANGELOGS)),
    }
    return Protection(classes=classes)


def count_guards(target: Target, files: Iterable[str]) -> dict[str, int]:
    """Return how many files are free, changed only if named, and never changed."""
    protection = build_protection(target)
    guards = Counter((protection.find_class(path) or ("", "free"))[1] for path in files)
    return {guard: guards[guard] for guard in ("free", "named", "never")}


def _get_folder_pattern(path: str) -> str:
    parts = PurePosixPath(path).parts
    for depth, part in enumerate(parts[:-1], 1):
        if part in ("migrations", "migration", "alembic", "versions"):
            return "/".join(parts[:depth]) + "/**"
    return path


def _list_extension_folders(found: Inspection) -> list[str]:
    """Return a pattern for each folder of extensions; files at the root are listed themselves."""
    folders: set[str] = set()
    files: list[str] = []
    core = {found.attachment.path} if found.attachment else set[str]()
    for each in found.extension_files:
        path = PurePosixPath(each)
        folder = path.parent.parent if path.name == "__init__.py" else path.parent
        if folder == PurePosixPath("."):
            files.append(f"{path.parent}/**/*.py" if path.name == "__init__.py" else each)
        elif any(PurePosixPath(one).is_relative_to(folder) for one in core):
            files.append(each)
        else:
            folders.add(str(folder))
    outer = {
        each
        for each in folders
        if not any(other != each and PurePosixPath(each).is_relative_to(other) for other in folders)
    }
    return [*(f"{each}/**/*.py" for each in sorted(outer)), *sorted(set(files))]


def build_checks(found: Inspection) -> Checks:
    """Return the repository's own checks; compiling and importing it if it has none."""
    quick = [
        Check(name=f"{kind} ({name})", command=command, seconds=seconds)
        for name, (kind, command, seconds) in _TOOLS.items()
        if name in found.project.tools
    ]
    full = list(quick)
    if "pytest" in found.project.tools:
        tests = Check(name="tests", command=("{python}", "-m", "pytest", "-q"), seconds=900.0)
        full.append(tests)
    if not quick:
        compiled = ("{python}", "-m", "compileall", "-q", ".")
        quick.append(Check(name="compile", command=compiled, seconds=60.0))
        full.insert(0, quick[0])
    if "pytest" not in found.project.tools and found.extensions and found.kind != "red pack":
        imported = ("{python}", "-c", _IMPORT, *found.extensions)
        full.append(Check(name="import", command=imported, seconds=60.0))
    return Checks(quick=tuple(quick), full=tuple(full))


def format_entry(target: Target) -> dict[str, object]:
    """Return the entry for the YAML file: the fields that differ from their defaults."""
    entry = target.model_dump(mode="json", exclude_defaults=True)
    return {name: entry[name] for name in type(target).model_fields if name in entry}
