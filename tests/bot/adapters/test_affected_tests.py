"""Which tests reach a changed file, found without running anything."""

from pathlib import Path

import pytest

from bot.adapters.sandboxed_verifier._test_selection import (
    list_program_files,
    select_affected_tests,
)
from tests.fakes.repositories import write

TREE: dict[str, str | bytes | None] = {
    "cogs/__init__.py": "",
    "cogs/dice.py": "import random\n",
    "cogs/polls.py": "from cogs.ui import cards\n",
    "cogs/ui/__init__.py": "",
    "cogs/ui/cards.py": "",
    "bot/__init__.py": "",
    "bot/client.py": 'COGS = ("cogs.dice", "cogs.polls")\n',
    "bot/deep.py": "from . import client\n",
    "bot/lonely.py": "",
    "tests/cogs/test_dice.py": "from cogs import dice\n",
    "tests/cogs/test_polls.py": "import cogs.polls\n",
    "tests/bot/test_client.py": "from bot.client import COGS\n",
    "tests/bot/test_deep.py": "import bot.deep\n",
    "tests/bot/test_nothing.py": "",
    "tests/bot/room.py": "from cogs.ui.cards import x\n",
    "tests/bot/conftest.py": "from tests.bot import room\n",
    "tests/test_page.py": "PAGE = 'static/page.html'\n",
    "static/page.html": "<html>",
    ".venv/lib/test_hidden.py": "import cogs.dice\n",
    "broken.py": "def (:\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, TREE)
    return tmp_path


def affected(root: Path, *changed: str, cap: int = 20) -> list[str]:
    return list(select_affected_tests(root, changed, cap=cap))


def test_what_runs_is_all_but_the_tests_and_what_imports_them(root: Path) -> None:
    write(root, {"bench/__init__.py": "from bench import speed\n", "bench/rows.py": ""})
    write(root, {"bench/speed.py": "from tests.bot import room\n"})
    write(root, {"bot/guarded.py": "PATHS = ('tests/bot/room.py', 'tests.bot.room')\n"})
    everything = {file for file in TREE if file.endswith(".py") and not file.startswith(".")}
    expected = {file for file in everything if not file.startswith("tests/")}
    assert set(list_program_files(root)) == expected | {"bot/guarded.py"}


def test_tests_that_import_it_come_first_and_those_through_a_name_in_a_string_follow(
    root: Path,
) -> None:
    assert affected(root, "cogs/dice.py") == [
        "tests/cogs/test_dice.py",
        "tests/bot/test_client.py",
        "tests/bot/test_deep.py",
    ]


def test_a_test_that_only_names_it_in_a_string_comes_after_those_that_import_it(
    root: Path,
) -> None:
    write(root, {"tests/aaa/test_named.py": "NAME = 'cogs.dice'\n"})
    assert affected(root, "cogs/dice.py")[:2] == [
        "tests/cogs/test_dice.py",
        "tests/aaa/test_named.py",
    ]
    assert affected(root, "cogs/ui/cards.py")[-1] != "tests/aaa/test_named.py"


def test_a_path_in_a_string_is_data_unless_nothing_else_leads_to_the_file(root: Path) -> None:
    write(root, {"tests/aaa/test_data.py": "PATHS = ('cogs/dice.py', 'bot/lonely.py')\n"})
    assert "tests/aaa/test_data.py" not in affected(root, "cogs/dice.py")
    assert affected(root, "bot/lonely.py") == ["tests/aaa/test_data.py"]


def test_the_nearest_are_those_that_import_it_where_there_are_any(root: Path) -> None:
    write(root, {"tests/aaa/test_named.py": "NAMES = ('cogs.dice', 'bot.lonely')\n"})
    assert select_affected_tests(root, ["cogs/dice.py"], cap=9, nearest=True) == (
        "tests/cogs/test_dice.py",
    )
    assert select_affected_tests(root, ["bot/lonely.py"], cap=9, nearest=True) == (
        "tests/aaa/test_named.py",
    )


def test_the_cap_drops_the_farthest(root: Path) -> None:
    assert affected(root, "cogs/dice.py", cap=1) == ["tests/cogs/test_dice.py"]


def test_a_conftest_and_what_it_imports_reach_every_test_below_it(root: Path) -> None:
    found = affected(root, "tests/bot/room.py")
    assert found == [
        "tests/bot/test_client.py",
        "tests/bot/test_deep.py",
        "tests/bot/test_nothing.py",
    ]


def test_relative_imports_are_followed(root: Path) -> None:
    assert "tests/bot/test_deep.py" in affected(root, "bot/client.py")


def test_a_changed_test_is_run_itself(root: Path) -> None:
    assert affected(root, "tests/bot/test_nothing.py") == ["tests/bot/test_nothing.py"]


def test_a_deleted_module_still_reaches_those_who_import_it(root: Path) -> None:
    (root / "cogs" / "dice.py").unlink()
    assert "tests/cogs/test_dice.py" in affected(root, "cogs/dice.py")


def test_a_file_that_is_no_python_reaches_tests_that_name_it(root: Path) -> None:
    assert affected(root, "static/page.html") == ["tests/test_page.py"]


def test_python_that_nothing_reaches_falls_back_to_the_mirroring_folder(root: Path) -> None:
    (root / "bot" / "__init__.py").unlink()
    assert affected(root, "bot/lonely.py") == [
        "tests/bot/test_client.py",
        "tests/bot/test_deep.py",
        "tests/bot/test_nothing.py",
    ]


def test_without_a_mirroring_folder_all_tests_are_run(root: Path) -> None:
    assert len(affected(root, "broken.py")) == 6


def test_text_that_nothing_names_needs_no_tests(root: Path) -> None:
    assert affected(root, "README.md") == []


def test_links_out_of_the_tree_are_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "loop").symlink_to(root)
    (root / "tests" / "test_link.py").symlink_to("/etc/passwd")
    assert affected(root, "cogs/dice.py")[0] == "tests/cogs/test_dice.py"


def test_src_layouts_are_understood(tmp_path: Path) -> None:
    write(tmp_path, {"src/pkg/core.py": "", "tests/test_core.py": "from pkg.core import x\n"})
    assert affected(tmp_path, "src/pkg/core.py") == ["tests/test_core.py"]


@pytest.mark.slow
def test_this_very_repository_is_read() -> None:
    root = Path(__file__).parents[3]
    found = affected(root, "cogs/dice.py")
    assert found[0] == "tests/cogs/test_dice.py"
    runs = {Path(file).parts[0] for file in list_program_files(root)}
    assert runs == {
        "bot",
        "cogs",
        "deploy",
        "packages",
    }  # those of the benchmarks would take the warming a minute more


def test_a_package_that_nothing_reaches_falls_back_to_its_own_tests(tmp_path: Path) -> None:
    own = "packages/shop_cart/tests/cart_tests/test_sum.py"
    for file in ("packages/shop_cart/shop_cart/sums.py", own, "tests/test_other.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("X = 1\n")
    changed = ["packages/shop_cart/shop_cart/sums.py"]
    assert select_affected_tests(tmp_path, changed, cap=9) == (own,)
