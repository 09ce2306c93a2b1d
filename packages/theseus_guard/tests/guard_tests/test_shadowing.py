"""Files that would be found where base has another one: by an import, a type check, or a system."""

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest
from guard_tests.cases import make_patch
from theseus_guard import PythonText, find_manifests, inspect, list_declared_modules
from theseus_guard.protection import PathClass, Protection
from theseus_guard.records import FileChange

BASE = (
    "README.md", "cogs/__init__.py", "cogs/dice.py", "cogs/shop/__init__.py", "cogs/shop/api.py",
    "cogs/words/nouns.py", "tests/cogs/test_dice.py",
)  # fmt: skip
OPEN = Protection.create()


def stopped(
    *added: str, gone: Collection[str] = (), base: Collection[str] = BASE,
    protection: Protection = OPEN, imported: Collection[str] = (),
    declared: Collection[str] = (),
) -> set[tuple[str, str]]:  # fmt: skip
    """Return the rules, and their paths, that stop a change with these files added and gone."""
    diff = "".join(make_patch(path, "", "X = 1\n") for path in added)
    diff += "".join(make_patch(path, "X = 1\n", "") for path in gone)
    changes = [FileChange(path=path, added=1, removed=0, status="added") for path in added]
    changes += [FileChange(path=path, added=0, removed=1, status="deleted") for path in gone]
    sources = {path: PythonText(before=None, after="X = 1\n") for path in added}
    sources |= {path: PythonText(before="X = 1\n", after=None) for path in gone}
    found = inspect(
        diff,
        changes,
        base_files=base,
        owned_files=frozenset(added) | frozenset(gone),
        protection=protection,
        allowed_new=frozenset(),
        sources=sources,
        redact=lambda text: text,
        is_name_taken=lambda name: name in imported,
        declared=declared,
    )
    return {(one.rule, one.path) for one in found if one.blocking}


@pytest.mark.parametrize(
    ("added", "place"),
    [
        ("cogs/dice/__init__.py", "cogs/dice/"),  # a package comes before the module
        ("cogs/dice/faces.py", "cogs/dice/"),  # a folder is a package once it has an __init__.py
        ("cogs/dice.pyi", "cogs/dice.pyi"),  # what a type check reads
        ("cogs/dice.pyc", "cogs/dice.pyc"),
        ("cogs/dice.abi3.txt.pyd", "cogs/dice.abi3.txt.pyd"),
        ("cogs/__pycache__/dice.cpython-311.pyc", "cogs/__pycache__/dice.cpython-311.pyc"),
        ("cogs/shop.py", "cogs/shop.py"),
        ("cogs/words.py", "cogs/words.py"),  # a module comes before a folder without __init__.py
        ("tests.py", "tests.py"),
        ("cogs/shop/api/__init__.py", "cogs/shop/api/"),
        ("cogs/Dice.py", "cogs/Dice.py"),  # one file on a system that folds case
        ("Cogs/new.py", "Cogs/"),
        ("readme.md", "readme.md"),
        ("cogs/shop/__init__.pyi", "cogs/shop/__init__.pyi"),
    ],
)
def test_a_second_file_for_one_name_stops_the_change(added: str, place: str) -> None:
    assert ("shadowing", place) in stopped(added)


@pytest.mark.parametrize(
    "added", ["cogs/cards.py", "cogs/shop/dice.py", "cogs/words/verbs.py", "docs/dice.md",
              "cogs/dice.json", "tests/cogs/test_shop.py", "cogs/words/__init__.py"],
)  # fmt: skip
def test_a_name_that_nothing_has_is_free_to_take(added: str) -> None:
    assert stopped(added) == set()


LAYOUT = (
    "src/shop/__init__.py", "src/shop/price.py", "tests/test_price.py", "tests/api/__init__.py",
    "tests/api/test_api.py", "examples/a/main.py", "tools/words/nouns.py", "scripts/units.py",
    "typings/flask/__init__.pyi",
)  # fmt: skip
IMPORTED = ("shop", "pytest", "requests", "flask", "words", "units")


@pytest.mark.parametrize(
    "added",
    [
        "tests/shop/__init__.py", "tests/shop.py", "shop.py", "shop/__init__.py", "hmac.py",
        "tests/hmac.py", "src/json/__init__.py", "src/hmac.pyi", "pytest.py", "tests/pytest.py",
        "src/pytest/__init__.py", "src/_pytest/__init__.py", "src/requests.py", "requests.pyi",
        "src/flask/__init__.py", "tests/units.py", "scripts/json.py", "_pytest.py",
    ],
)  # fmt: skip
def test_a_second_place_for_a_name_that_imports_find_stops_the_change(added: str) -> None:
    assert ("new_dependency", added) in stopped(added, base=LAYOUT, imported=IMPORTED)


MANIFESTS: dict[str, str | None] = {
    "pyproject.toml": (
        '[project]\nname = "shop"\ndependencies = ["Requests>=2", "shop[extra]"]\n'
        "[project.optional-dependencies]\nextra = [\"typing-inspection ; python_version > '3'\"]\n"
        '[dependency-groups]\ndev = ["coverage[toml]", {include-group = "x"}]\n'
        '[tool.ruff]\nselect = ["cart"]\n'
    ),
    "uv.lock": (
        '[[package]]\nname = "shop"\nsource = { editable = "." }\n'
        '[[package]]\nname = "idna"\nversion = "3"\nsource = { registry = "https://x.example" }\n'
    ),
    "requirements-dev.txt": "# cart\nflask==3\n-r base.txt\nurllib3  # cart\n",
    "requirements/base.txt": "certifi\n",
    "broken/pyproject.toml": "[[",
    "gone/uv.lock": None,
}
DECLARED = ("requests", "typing_inspection", "coverage", "idna", "flask", "urllib3", "certifi")


@pytest.mark.parametrize("name", DECLARED)
def test_a_module_called_like_what_base_only_declares_stops_the_change(name: str) -> None:
    declared, base = list_declared_modules(MANIFESTS), (*LAYOUT, *MANIFESTS)
    for added in (f"{name}.py", f"src/{name}.py", f"src/{name}/__init__.py", f"tests/{name}.py"):
        found = stopped(added, base=base, declared=declared)
        assert ("new_dependency", added) in found


@pytest.mark.parametrize("added", ["cart.py", "src/cart.py", "examples/a/requests.py"])
def test_what_base_does_not_declare_is_free_and_so_is_what_nobody_finds(added: str) -> None:
    found = stopped(added, base=(*LAYOUT, *MANIFESTS), declared=list_declared_modules(MANIFESTS))
    assert found == set()


def test_a_repository_declares_no_package_by_its_own_name() -> None:
    base = tuple(MANIFESTS)
    assert stopped("src/shop.py", base=base, declared=list_declared_modules(MANIFESTS)) == set()
    assert find_manifests([*MANIFESTS, "cogs/dice.py", "Cargo.lock", "docs/x.txt"]) == sorted(
        MANIFESTS
    )


def test_a_folder_that_gets_tests_is_a_place_too_and_a_package_that_ends_to_be_one() -> None:
    both = ("checks/shop.py", "checks/test_x.py")
    assert ("new_dependency", both[0]) in stopped(*both, base=LAYOUT, imported=IMPORTED)
    base, init = (*LAYOUT, "tests/__init__.py", "tests/shop/__init__.py"), "tests/__init__.py"
    found = stopped("tests/test_y.py", gone=[init], base=base, imported=IMPORTED)
    assert ("new_dependency", "tests/shop/__init__.py") in found


@pytest.mark.parametrize(
    "added",
    [
        "tests/helpers.py", "src/cart.py", "src/cart/__init__.py", "src/shop/json.py", "setup.py",
        "examples/b/main.py", "examples/b/json.py", "tests/api/shop.py", "tests/api/conftest.py",
        "tools/words/__init__.py", "typings/requests/__init__.pyi", "tests/shop/data.py",
    ],
)  # fmt: skip
def test_a_module_that_no_import_means_another_by_is_free(added: str) -> None:
    assert stopped(added, base=LAYOUT, imported=IMPORTED) == set()


def test_what_moves_keeps_its_name() -> None:
    found = stopped("units.py", gone=["scripts/units.py"], base=LAYOUT, imported=IMPORTED)
    assert found == set()


def test_two_new_files_of_one_name_stop_the_change_too() -> None:
    assert ("shadowing", "cogs/cards/") in stopped("cogs/cards.py", "cogs/cards/__init__.py")


def test_a_module_may_become_a_package_where_the_module_goes() -> None:
    assert stopped("cogs/dice/__init__.py", gone=["cogs/dice.py"]) == set()


def test_what_base_has_twice_already_is_no_fault_of_the_change() -> None:
    base = (*BASE, "cogs/dice.pyi")
    assert stopped("cogs/cards.py", base=base) == set()


def test_a_file_that_is_called_like_a_device_already_may_be_changed() -> None:
    assert stopped("cogs/aux.py") == {("unsafe_file", "cogs/aux.py")}
    assert stopped("cogs/aux.py", base=(*BASE, "cogs/aux.py")) == set()


def test_a_guarded_module_cannot_become_a_package_unless_somebody_names_it() -> None:
    ours = PathClass(guard="named", paths=("cogs/dice.py",))
    others = PathClass(guard="free", paths=("**",))
    guarded = Protection(classes={"ours": ours, "others": others})
    found = stopped("cogs/dice/__init__.py", gone=["cogs/dice.py"], protection=guarded)
    assert ("immutable_path", "cogs/dice/__init__.py") in found


def _tree(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("")


def _origins(root: Path) -> dict[str, str]:
    """Return what Python itself finds for the name, in a tree of its own."""
    code = (
        "import importlib.util as u\n"
        "for n in ('cogs', 'cogs.dice', 'cogs.shop', 'cogs.shop.api', 'cogs.words', 'tests'):\n"
        "    s = u.find_spec(n)\n"
        "    print(n, s.origin or sorted(s.submodule_search_locations)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = [{str(root)!r}]\n{code}"],
        capture_output=True, text=True, check=True, cwd=root,
    )  # fmt: skip
    pairs = (line.split(" ", 1) for line in done.stdout.splitlines())
    return {name: os.path.relpath(place, root) for name, place in pairs}


def test_whatever_changes_which_file_python_itself_finds_is_stopped(tmp_path: Path) -> None:
    _tree(tmp_path / "base", *BASE)
    before = _origins(tmp_path / "base")
    moved = 0
    for number, added in enumerate(
        ["cogs/dice/__init__.py", "cogs/dice.abi3.so", "cogs/words.py", "tests.py", "cogs/cards.py",
         "cogs/shop/api/__init__.py", "cogs/shop.py", "cogs/dice/faces.py"]
    ):  # fmt: skip
        root = tmp_path / str(number)
        _tree(root, *BASE, added)
        if _origins(root) != before:
            moved += 1
            assert {rule for rule, _ in stopped(added)} >= {"shadowing"}, added
    assert moved >= 5
