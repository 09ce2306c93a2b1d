"""Proves that new tests cover untested code: they kill mutants that base's tests miss."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from theseus_guard import is_test_file
from theseus_guard.source_folders import find_source_folder
from theseus_repair.mutants import Mutant

from bot.domain.proof import Proof


def find_covered_module(tests: Mapping[str, str], files: Collection[str], request: str) -> str:
    """Return the program file that new tests are about; empty if there is none.

    `tests` are their texts by path, `files` all files at base, `request` is what was asked for. The
    file is named in a test, as `cogs.polls`; if there are several, the one that the request
    mentions.
    """
    text = "\n".join(tests.values())
    named = [
        file
        for file in sorted(files)
        if file.endswith(".py")
        and not is_test_file(file)
        and re.search(
            rf"(?<![\w.]){re.escape(_to_module_name(file))}(?![\w])", _expand_imports(text)
        )
    ]
    spoken = [file for file in named if re.search(rf"\b{_stem(file)}", request, re.IGNORECASE)]
    return next(iter((*spoken, *sorted(named, key=lambda path: -len(path)))), "")


def build_covering_proof(module: str, killed: Sequence[Mutant], left: Sequence[Mutant]) -> Proof:
    """Return the proof of new tests by the mutants that survive base's tests.

    The new tests `killed` some of them; some are `left`.
    """
    lived = len(killed) + len(left)
    summary = f"kills {len(killed) or 'none'} of {lived} mutants of `{module}` that survived"
    if not lived:
        summary = f"no surviving mutant of `{module}` is left for new tests to kill"
    lines = (
        *(f"killed: {_format_mutant(mutant)}" for mutant in killed),
        *(f"survives: {_format_mutant(mutant)}" for mutant in left),
    )
    return Proof(kind="covering", holds=bool(killed), summary=summary, details=lines)


def _format_mutant(mutant: Mutant) -> str:
    return f"line {mutant.line}: {mutant.description}"


def _to_module_name(file: str) -> str:
    path = PurePosixPath(file)
    name = str(path.relative_to(find_source_folder(path)))
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _stem(file: str) -> str:
    """Return the name by which people call a module: without its plural ending."""
    return re.escape(_to_module_name(file).rpartition(".")[2].strip("_").removesuffix("s"))


def _expand_imports(text: str) -> str:
    """Return a text with `from cogs import polls` repeated as `cogs.polls`."""
    found = re.findall(r"^from ([\w.]+) import \(?([\w, ]+)", text, re.MULTILINE)
    dotted = [f"{package}.{name.strip()}" for package, names in found for name in names.split(",")]
    return "\n".join((text, *dotted))
