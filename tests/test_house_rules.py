"""The rules of the code base as tests: locations, sizes, forbidden constructs."""

import ast
import gc
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from bot.settings import Environment

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "packages").glob("*/tests/**/*.py")])
SOURCES = sorted(
    {p for top in ("bot", "cogs", "packages", "bench") for p in (ROOT / top).rglob("*.py")}
    - {*TESTS}
)
GITHUB = ROOT / ".github"
EVERYTHING = [*SOURCES, *TESTS]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_OBSERVE = "packages/theseus_observe/theseus_observe/"
_REPAIR = "packages/theseus_repair/theseus_repair/"
_RUNNER = "packages/theseus_rehearsal/theseus_rehearsal/runner/"
# Where anything may be raised, and must not end the program.
CATCHES_ALL = {
    _RUNNER + "fork_server.py": "the played tree's code may raise anything",
    _RUNNER + "bot_process.py": "the played tree's code may raise anything",
    _RUNNER + "foreign_bot.py": "the played bot's code may raise anything",
    _RUNNER + "foreign_commands.py": "the played bot's prefix is a function of its own",
    "bot/client/_cog_imports.py": "a cog's code may raise anything while it is imported",
    "bot/client/_event_parsers.py": "discord.py's parsers raise anything about a strange payload",
    "bot/client/_reloader.py": "a cog's code may raise anything while it is loaded",
    "bot/client/cog_trial.py": "the same, in a process of its own",
    _REPAIR + "_fork_replays.py": "the code under repair may raise anything",
    "bot/self_improvement/runs/worker.py": "the stage boundary: no run dies silently",
    "bot/telemetry/traffic_recorder.py": "what Discord tells may be of any shape",
    _OBSERVE + "failures/capsules.py": "describing an error calls its own __str__",
    "bot/telemetry/recorder.py": "a cog may give anything as the place of an event",
    _OBSERVE + "hook_runner.py": "an object of the bot may raise anything",
    _OBSERVE + "observer.py": "a bot runs on, whatever is wrong with what observes it",
    _OBSERVE + "replies.py": "a bot's own `Context` may raise anything",
    _OBSERVE + "failures/safe_access.py": "objects may raise anything when they are read",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def with_word(word: str, paths: Iterable[Path]) -> list[Path]:
    """Return the files that contain the text; others need not be parsed and walked."""
    return [path for path in paths if word in text_of(path)]


def lines_of(path: Path) -> list[str]:
    return text_of(path).splitlines()


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree_of(path)))


@cache
def definitions_of(path: Path) -> tuple[Definition, ...]:
    """Return the functions and classes at any depth; expressions contain none."""
    found: list[Definition] = []
    left: list[ast.AST] = [tree_of(path)]
    while left:
        node = left.pop()
        if isinstance(node, Definition):
            found.append(node)
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, part, ())
            left += inner if isinstance(inner, list) else ()  # a lambda's body is an expression
    return tuple(found)


@pytest.fixture(scope="module", autouse=True)
def trees_are_kept() -> Iterator[None]:
    """Keep the parsed trees for this module's tests; freeze them, so the collector does not walk
    them.
    """
    gc.disable()
    yield
    for kept in (text_of, tree_of, nodes_of, definitions_of):
        kept.cache_clear()
    gc.enable()


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


def test_no_cog_imports_another() -> None:
    """The contract names the cogs there are; this holds for one added tomorrow as well."""
    reaching = []
    for path in sorted((ROOT / "cogs").rglob("*.py")):
        own = "cogs." + path.relative_to(ROOT / "cogs").parts[0].removesuffix(".py")
        others = [name for name in imported(path) if re.match(r"cogs\.\w", name)]
        allowed = re.compile(rf"(cogs\.ui|{re.escape(own)})\b")
        reaching += [f"{name_of(path)}: {name}" for name in others if not allowed.match(name)]
    assert reaching == []


def test_the_contract_of_the_steps_lists_every_step() -> None:
    """A file without an underscore in `steps` is a step; what steps share has an underscore."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    listed = next(each["modules"] for each in contracts if each["id"] == "steps-independent")
    files = (ROOT / "bot/self_improvement/steps").glob("[!_]*")
    assert sorted(listed) == sorted(f"bot.self_improvement.steps.{path.stem}" for path in files)


def test_cycles_are_not_hidden_from_the_contracts() -> None:
    word = "TYPE_CHECKING"
    hidden = [name_of(p) for p in with_word(word, EVERYTHING) if f"typing.{word}" in imported(p)]
    # Not hidden: the contracts count such imports. A replay of a few cogs starts without the rest.
    # The names of three packages are imported when they are used.
    packages = [
        f"packages/theseus_{each}/theseus_{each}/__init__.py"
        for each in ("guard", "observe", "repair")
    ]
    assert hidden == ["bot/client/_core_services.py", *packages]


# ----------------------------------------------------------------------------------- size and shape


def test_no_module_is_longer_than_400_lines() -> None:
    long = [name_of(path) for path in SOURCES if len(lines_of(path)) > 400]
    assert long == [], "make it a package with _private.py parts"


def test_no_test_module_is_longer_than_600_lines() -> None:
    assert [name_of(path) for path in TESTS if len(lines_of(path)) > 600] == []


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in EVERYTHING
        for node in definitions_of(path)
        if not isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []


# -------------------------------------------------------------------------------------------- names


# What parts were called before they had the field's own names. `Frame` stays: tracebacks have them.
FORMER_NAMES = {
    "Board", "Brake", "Cargo", "Census", "Cleaner", "Clerk", "Companion", "Crowd", "Deeds", "Desk",
    "Discretion", "Ear", "Ears", "Exchange", "Fairground", "Gate", "Guard", "Hands", "Happening",
    "Harbour", "Herald", "Homestead", "Illustrator", "Joining", "Judging", "Keys", "Kit",
    "Lifeline", "Lookout", "Looking", "MemoryBook", "Mind", "Onlooker", "Pass", "Passes",
    "Patience", "Permits", "Pulse", "Purse", "Quorum", "Roster", "Seat", "Shelf", "Starts",
    "StopSign", "Toll", "Turns", "Visitors", "Vital", "Voice", "Voyage", "Wire", "Witness",
}  # fmt: skip
STILL_RIGHT = {
    "bot/cli/guard.py": "`theseus guard` is what people type",
    _REPAIR + "operators/keys.py": "the keys of dictionaries",
    "packages/local_discord/local_discord/world/_keys.py": "the keys of JSON objects",
    "tests/twins/model/_turns.py": "a model's turns",
}
# A file name is a noun, not an activity; these words are nouns as well.
THINGS = {
    "accounting", "briefing", "ending", "finding", "living", "matching", "ranking", "recording",
    "reopening", "spelling", "spending", "steering",
}  # fmt: skip
# Two of a name, where each is what its readers would look for.
TWICE = {
    "Approvals": "what decides, and the cog of its buttons",
    "Handler": "each kind of request in bot/intake/kinds has the same names",
    "Request": "each kind of request in bot/intake/kinds has the same names",
    "Reconciler": "the agent's, and what the web asks of it",
}


def classes_of(path: Path) -> Iterator[str]:
    return (node.name for node in definitions_of(path) if isinstance(node, ast.ClassDef))


def test_no_class_has_a_name_that_was_given_up() -> None:
    found = [
        f"{name_of(path)}: {name}"
        for path in EVERYTHING
        for name in classes_of(path)
        if name.lstrip("_") in FORMER_NAMES
    ]
    assert found == []


def test_no_module_has_a_name_that_was_given_up() -> None:
    former = {name.lower() for name in FORMER_NAMES}
    found = {name_of(path) for path in EVERYTHING if path.stem.lstrip("_") in former}
    assert found - set(STILL_RIGHT) == set()


def test_no_module_of_the_bot_is_called_for_what_goes_on_in_it() -> None:
    modules = [path for path in SOURCES if path.is_relative_to(ROOT / "bot")]
    acts = {name_of(path) for path in modules if path.stem.endswith("ing")}
    assert {name for name in acts if Path(name).stem.rpartition("_")[2] not in THINGS} == set()


def test_a_class_of_the_bot_has_its_name_for_itself() -> None:
    """Private classes are exempt, because they are not visible outside their file."""
    programs = [path for path in SOURCES if path.is_relative_to(ROOT / "bot")]
    programs += [path for path in SOURCES if path.is_relative_to(ROOT / "cogs")]
    counted = Counter(name for path in programs for name in classes_of(path) if name[0] != "_")
    assert {name for name, number in counted.items() if number > 1} <= set(TWICE)


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


MAY_REMOVE_FOLDERS = (
    "packages/theseus_rehearsal/theseus_rehearsal/temporary_folder.py",
    # commands of a terminal
    "bench/", "bot/cli/", "bot/app/demo.py", "bot/app/state_copy.py",
    "packages/theseus_rehearsal/theseus_rehearsal/sandbox/_measure.py",
    f"{_REPAIR}command.py",
)  # fmt: skip


def test_no_temporary_folder_is_removed_on_the_event_loop() -> None:
    """`open_temporary_folder` removes it in a thread; commands of a terminal may wait."""
    removing = [
        f"{name_of(path)}:{call.lineno}"
        for path in with_word("TemporaryDirectory", SOURCES)
        if not name_of(path).startswith(MAY_REMOVE_FOLDERS)
        for node in nodes_of(path)
        if isinstance(node, ast.AsyncFunctionDef)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and dotted(call.func).endswith("TemporaryDirectory")
    ]
    assert removing == []


def test_code_of_the_bot_logs_through_structlog() -> None:
    """So that lines name run, person and commit. Packages leave the log to their users."""
    plain = [
        f"{name_of(path)}:{node.lineno}"
        for path in with_word("getLogger", SOURCES)
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and ast.unparse(node) == "logging.getLogger(__name__)"
    ]
    assert [each for each in plain if not each.startswith("packages/")] == []


def test_source_is_parsed_in_one_place() -> None:
    """Threads that parse at once break each other's trees; `theseus_guard.syntax` says how."""
    # The others belong to other programs, which have one thread.
    apart = {
        "packages/theseus_guard/theseus_guard/syntax.py",
        _OBSERVE + "failures/source.py",
        _REPAIR + "_fork_code.py",
        _REPAIR + "_fork_hits.py",
        _REPAIR + "_fork_imports.py",
        _REPAIR + "_fork_overlay.py",
        _RUNNER + "fork_server.py",
        "bot/adapters/sandboxed_verifier/_answer_program.py",
        "bot/cli/command_outline.py",
    }
    parsing = ("ast.parse", "ast.literal_eval", "literal_eval", "compile")
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and dotted(node.func) in parsing
    ]
    assert [each for each in found if each.partition(":")[0] not in apart] == []


def writes_a_state(node: ast.AST) -> bool:
    """Return whether the call sets the state of a run; other records have plain statuses."""
    if not isinstance(node, ast.Call):
        return False
    called = dotted(node.func).rpartition(".")[2]
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if called == "move" and node.args:
        return True
    if called == "model_copy":
        keys = {key.value for key in ast.walk(node) if isinstance(key, ast.Constant)}
        return bool(keys & {"stage", "status", "waiting"})
    of_a_run = bool({"stage", "waiting"} & {*given}) and called in ("replace", "Run")
    status = given.get("status") if called in ("replace", "Run") else None
    return of_a_run or (status is not None and not isinstance(status, ast.Constant))


def test_one_module_says_where_a_run_stands() -> None:
    writers = {name_of(path) for path in SOURCES if any(map(writes_a_state, nodes_of(path)))}
    assert writers == {
        "bot/domain/run_state.py",
        "bot/self_improvement/runs/transitions.py",
        "bot/adapters/sqlite_store/_store.py",  # a lease, in the transaction that looks for it
    }


def test_tests_use_fakes_and_no_mocks() -> None:
    mocking = [
        name_of(path)
        for path in with_word("mock", EVERYTHING)
        if any(name.startswith(("unittest" + ".mock", "mock.")) for name in imported(path))
    ]
    assert mocking == []


def test_tests_replace_nothing_of_ours() -> None:
    replacing = [
        f"{name_of(path)}:{node.lineno}"
        for path in with_word("monkeypatch", TESTS)
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
    waiting = [
        f"{name_of(path)}:{call.lineno}"
        for path in with_word("sleep", TESTS)
        for call in waits(tree_of(path))
    ]
    assert waiting == []


# -------------------------------------------------------------------------------------------- ports


def services() -> dict[str, str]:
    """Return each Protocol of a port and its module."""
    folders = {
        "bot.ports": ROOT / "bot/ports",
        "theseus_rehearsal.ports": ROOT / "packages/theseus_rehearsal/theseus_rehearsal/ports",
    }
    return {
        node.name: f"{package}.{path.stem}"
        for package, folder in folders.items()
        for path in sorted(folder.glob("*.py"))
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef) and "Protocol" in map(dotted, node.bases)
    }


@pytest.mark.parametrize(("port", "module"), services().items(), ids=services())
def test_every_port_has_a_contract_and_a_suite(port: str, module: str) -> None:
    assert (getattr(import_module(module), port).__doc__ or "").strip()
    suites = (ROOT / "tests/contracts").glob("test_*_contract.py")
    assert any(f"{module}.{port}" in imported(suite) for suite in suites)


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
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *GITHUB.glob("*.md")]
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
