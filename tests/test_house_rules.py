"""The house, as a program: where things stand, how large they are, what they may not do."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from bot.settings import Environment

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SOURCES = sorted(p for top in ("bot", "cogs", "bench") for p in (ROOT / top).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
EVERYTHING = [*SOURCES, *TESTS]

# Modules beyond 300 lines are thought about again; these were. Not by their paths: this test is not
# about what they do, and need not run whenever they change.
LARGE = {
    "polls": "one small plank in one file, as a newcomer would write it",
    "reminders": "one small plank in one file, as a newcomer would write it",
    "corpus": "a table",
    "errors": "the whole tree on one page",
}
# Where anything may be raised, and must not end the program.
CATCHES_ALL = {
    "bot/client/_parsers.py": "discord.py's parsers raise anything about a strange payload",
    "bot/client/_reload.py": "a cog's code may raise anything while it is loaded",
    "bot/self_improvement/_workers.py": "the stage boundary: no run dies silently",
    "bot/telemetry/capsules.py": "describing an error calls its own __str__",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree_of(path)))


def imported(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


# ------------------------------------------------------------------------------ who may import whom


def test_the_import_contracts_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_adapter_is_named_in_the_contract_that_keeps_them_apart() -> None:
    contracts = {each["id"]: each for each in PROJECT["tool"]["importlinter"]["contracts"]}
    adapters = {
        f"bot.adapters.{path.stem}"
        for path in (ROOT / "bot/adapters").iterdir()
        if not path.name.startswith(("_", ".")) and (path.suffix == ".py" or path.is_dir())
    }
    assert set(contracts["adapters-independent"]["modules"]) == adapters


def test_no_cog_imports_another() -> None:
    """The contract names the cogs there are; this holds for one added tomorrow as well."""
    reaching = []
    for path in sorted((ROOT / "cogs").rglob("*.py")):
        own = "cogs." + path.relative_to(ROOT / "cogs").parts[0].removesuffix(".py")
        others = [name for name in imported(path) if re.match(r"cogs\.\w", name)]
        allowed = re.compile(rf"(cogs\.ui|{re.escape(own)})\b")
        reaching += [f"{name_of(path)}: {name}" for name in others if not allowed.match(name)]
    assert reaching == []


def test_cycles_are_not_hidden_from_the_contracts() -> None:
    hidden = [name_of(p) for p in EVERYTHING if "typing." + "TYPE_CHECKING" in imported(p)]
    assert hidden == []


# ----------------------------------------------------------------------------------- size and shape


def test_no_module_is_longer_than_400_lines() -> None:
    long = [name_of(path) for path in SOURCES if len(lines_of(path)) > 400]
    assert long == [], "make it a package with _private.py parts"


def test_modules_beyond_300_lines_were_thought_about() -> None:
    support = [path for path in TESTS if not path.name.startswith("test_")]
    large = {path.stem for path in [*SOURCES, *support] if len(lines_of(path)) > 300}
    assert large <= set(LARGE), "split it, or say in LARGE why it is one thing"


def test_no_test_module_is_longer_than_600_lines() -> None:
    assert [name_of(path) for path in TESTS if len(lines_of(path)) > 600] == []


def test_no_function_is_longer_than_60_lines() -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in EVERYTHING
        for node in nodes_of(path)
        if isinstance(node, functions) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []


# --------------------------------------------------------------------------------- what nobody does


def test_everything_is_caught_only_where_it_has_to_be() -> None:
    catching = {name_of(path) for path in SOURCES if "noqa: BLE001" in path.read_text()}
    assert catching <= set(CATCHES_ALL)


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile("#.*(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + ")")
    marked = [
        f"{name_of(path)}:{number}"
        for path in EVERYTHING
        for number, line in enumerate(lines_of(path), 1)
        if later.search(line)
    ]
    assert marked == []


def test_nothing_is_printed_but_by_the_command_line() -> None:
    printing = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and dotted(node.func) == "print"
    ]
    assert printing == []


def test_source_is_parsed_in_one_place() -> None:
    """Threads that parse at once break each other's trees; `bot.domain.syntax` says how."""
    apart = {"bot/domain/syntax.py", "bot/repair/_fork_child.py"}  # the latter: another program's
    parsing = ("ast.parse", "ast.literal_eval", "literal_eval", "compile")
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and dotted(node.func) in parsing
    ]
    assert [each for each in found if each.partition(":")[0] not in apart] == []


def test_tests_use_fakes_and_no_mocks() -> None:
    mocking = [
        name_of(path)
        for path in EVERYTHING
        if any(name.startswith(("unittest" + ".mock", "mock.")) for name in imported(path))
    ]
    assert mocking == []


def test_tests_replace_nothing_of_ours() -> None:
    replacing = [
        f"{name_of(path)}:{node.lineno}"
        for path in TESTS
        for node in nodes_of(path)
        if isinstance(node, ast.Call)
        and dotted(node.func) in ("monkeypatch.setattr", "monkeypatch.setitem")
    ]
    assert replacing == []


def waits(node: ast.AST, *, in_loop: bool = False) -> Iterator[ast.Call]:
    """Yield sleeps of a fixed time that are not a short pause while polling for a condition."""
    for child in ast.iter_child_nodes(node):
        looping = in_loop or isinstance(child, ast.While)
        if isinstance(child, ast.Call) and dotted(child.func) in ("asyncio.sleep", "time.sleep"):
            length = child.args[0] if child.args else None
            seconds = length.value if isinstance(length, ast.Constant) else 0
            if isinstance(seconds, int | float) and seconds > (0.1 if looping else 0):
                yield child
        yield from waits(child, in_loop=looping)


def test_tests_wait_for_what_happens_not_for_time_to_pass() -> None:
    waiting = [f"{name_of(p)}:{call.lineno}" for p in TESTS for call in waits(tree_of(p))]
    assert waiting == []


# -------------------------------------------------------------------------------------------- doors


def doors() -> dict[str, str]:
    """Return each Protocol under `bot/ports` and its module."""
    return {
        node.name: f"bot.ports.{path.stem}"
        for path in sorted((ROOT / "bot/ports").glob("*.py"))
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef) and "Protocol" in map(dotted, node.bases)
    }


@pytest.mark.parametrize(("door", "module"), doors().items(), ids=doors())
def test_every_door_has_a_contract_and_a_suite(door: str, module: str) -> None:
    assert (getattr(import_module(module), door).__doc__ or "").strip()
    suites = (ROOT / "tests/contracts").glob("test_*_contract.py")
    assert any(f"{module}.{door}" in imported(suite) for suite in suites)


# ----------------------------------------------------------------- what a stranger reads stays true


def test_the_readme_shows_every_room() -> None:
    shown = (ROOT / "README.md").read_text()
    rooms = [p.stem for p in (ROOT / "bot").iterdir() if not p.name.startswith(("_", "."))]
    assert [room for room in rooms if not re.search(rf"\b{room}\b", shown)] == []


def test_every_variable_is_explained_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    keys = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", example, re.MULTILINE))
    assert keys == {name.upper() for name in Environment.model_fields}


def test_every_dependency_is_accounted_for() -> None:
    told = (ROOT / "docs/dependencies.md").read_text()
    project = PROJECT["project"]
    groups = [*project["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()]
    named = [*project["dependencies"], *(each for group in groups for each in group)]
    bare = [re.split(r"[<>=\[]", each)[0] for each in named]
    assert [name for name in bare if f"`{name}`" not in told] == []


def test_links_between_the_documents_lead_somewhere() -> None:
    broken = [
        f"{name_of(page)}: {target}"
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
