"""`theseus guard`: on any repository, from git alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.main import build_command_line
from bot.domain.errors import ConfigError
from tests.fakes.repositories import commit, make_repository, run_git

SHOP: dict[str, str | bytes | None] = {
    "shop/cart.py": "def total(prices):\n    return sum(prices)\n",
    "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n"
    "    assert total([1, 2]) == 3\n",
    "Makefile": "test:\n\tpytest\n",
    "logo.png": b"\0\1",
}


class Shop:
    """Somebody else's repository, and what the guard says of a commit to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.base = make_repository(root, SHOP)

    def guarded(self, *options: str, base: str = "", head: str = "HEAD") -> tuple[int, Any]:
        words = ["guard", "--repo", str(self.root), "--base", base or self.base, "--head", head]
        done = CliRunner().invoke(build_command_line(), [*words, *options, "--json"])
        return done.exit_code, json.loads(done.stdout)

    def rules(self, *options: str) -> set[tuple[str, str]]:
        """Return rule and path of all that blocks; the exit code has to say the same."""
        code, told = self.guarded(*options)
        found = {(each["rule"], each["path"]) for each in told["findings"] if each["blocking"]}
        assert code == bool(found)
        assert set(told) == {"findings", "classes", "shown"}
        assert all(
            set(each) == {"rule", "blocking", "path", "message"} for each in told["findings"]
        )
        return found


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(tmp_path / "shop")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return made


def test_an_ordinary_change_is_let_through_and_shown(shop: Shop) -> None:
    commit(shop.root, {"shop/cart.py": "def total(prices):\n    return sum(prices) + 1\n"})
    code, told = shop.guarded()
    assert (code, told["findings"]) == (0, [])
    assert told["classes"] == {"shop/cart.py": None}
    assert "+    return sum(prices) + 1\n" in told["shown"]


def test_nothing_is_needed_and_nothing_is_left_behind(shop: Shop) -> None:
    commit(shop.root, {"shop/cart.py": "def total(prices):\n    return 0\n"})
    before = sorted(path for path in shop.root.parent.rglob("*"))
    assert shop.rules() == set()
    assert sorted(path for path in shop.root.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("files", "blocking"),
    [
        ({"shop/cart.py": "\x0cimport os\n"}, ("unsafe_file", "shop/cart.py")),
        ({"tests/test_cart.py": None}, ("test_deleted", "tests/test_cart.py")),
        ({"logo.png": b"\0\2"}, ("unsafe_file", "logo.png")),
        ({".env": "X=1\n"}, ("immutable_path", ".env")),
        ({".gitattributes": "*.py -diff\n"}, ("unsafe_file", ".gitattributes")),
        ({"shop/json.py": "x = 1\n" * 500}, ("size", "")),
    ],
)
def test_what_blocks_is_named_with_its_file(
    shop: Shop, files: dict[str, str | bytes | None], blocking: tuple[str, str]
) -> None:
    commit(shop.root, files)
    assert blocking in shop.rules()


def test_what_decides_how_checks_run_is_pointed_out(shop: Shop) -> None:
    commit(shop.root, {"Makefile": "test:\n\ttrue\n", ".gitlab-ci.yml": "x: 1\n"})
    code, told = shop.guarded()
    assert (code, told["classes"]) == (0, {"Makefile": "review", ".gitlab-ci.yml": "review"})
    assert {(each["rule"], each["path"]) for each in told["findings"]} == {
        ("protected_path", "Makefile"),
        ("protected_path", ".gitlab-ci.yml"),
    }


def test_in_a_repository_of_this_bot_its_own_classes_hold(shop: Shop) -> None:
    policy = {"bot/authority/policy.py": "x = 1\n", "shop/new.py": "y = 1\n"}
    shop.base = commit(shop.root, {"bot/authority/policy.py": "x = 2\n"})
    commit(shop.root, policy)
    both = {("immutable_path", path) for path in policy}
    assert shop.rules() == both
    assert shop.rules("--named", "shop/new.py") == both - {("immutable_path", "shop/new.py")}
    base = commit(
        shop.root,
        {"data/config.yaml": "protection:\n  classes:\n    ours: {guard: free, paths: ['**']}\n"},
    )
    commit(shop.root, {"shop/new.py": "y = 2\n"})
    assert shop.guarded(base=base)[1]["classes"] == {"shop/new.py": None}


def test_a_module_called_like_a_package_that_base_only_declares_is_stopped(shop: Shop) -> None:
    shop.base = commit(shop.root, {"pyproject.toml": '[project]\ndependencies = ["requests>=2"]\n'})
    commit(shop.root, {"src/requests.py": "X = 1\n", "src/cart.py": "X = 1\n"})
    assert shop.rules() == {("new_dependency", "src/requests.py")}


def test_a_size_is_allowed_on_the_command_line(shop: Shop) -> None:
    commit(shop.root, {"shop/more.py": "x = 1\n" * 500})
    assert shop.rules() == {("size", "")}
    assert shop.rules("--max-lines", "500") == set()


def test_links_modes_renames_submodules_and_files_without_a_last_newline_are_read(
    shop: Shop,
) -> None:
    run_git(shop.root, "mv", "shop/cart.py", "shop/basket.py")
    (shop.root / "link").symlink_to("/etc/passwd")
    (shop.root / "shop/open.py").write_text("x = 1")
    (shop.root / "logo.png").chmod(0o755)
    run_git(shop.root, "update-index", "--add", "--cacheinfo", f"160000,{shop.base},sub")
    (shop.root / "sub").mkdir()
    commit(shop.root, {"shop/\u00e4 b.py": "y = 1\n"})
    found = shop.rules()
    assert found >= {("unsafe_file", "link"), ("unsafe_file", "logo.png"), ("unsafe_file", "sub")}
    assert not [path for _, path in found if path.startswith("shop/")]
    _, told = shop.guarded()
    assert {"shop/cart.py", "shop/basket.py", "shop/\u00e4 b.py"} <= set(told["classes"])


def test_the_first_commit_is_compared_with_the_empty_tree(shop: Shop) -> None:
    empty = run_git(shop.root, "hash-object", "-t", "tree", "/dev/null")
    code, told = shop.guarded(base=empty, head=shop.base)
    assert code == 1
    assert set(told["classes"]) == set(SHOP)
    assert told["shown"].startswith("# Not shown: logo.png (binary, added)")


def test_two_trees_that_are_the_same_have_nothing_to_show(shop: Shop) -> None:
    code, told = shop.guarded(base="HEAD")
    assert (code, told) == (0, {"findings": [], "classes": {}, "shown": ""})


def test_no_setting_of_the_repository_changes_what_is_read(shop: Shop) -> None:
    commit(shop.root, {"shop/cart.py": "def total(prices):\n    return 2\n"})
    plain = shop.guarded()
    for key, value in {
        "diff.noprefix": "true",
        "diff.context": "0",
        "diff.external": "/bin/false",
        "diff.orderFile": "/nowhere",
        "diff.algorithm": "patience",
        "color.diff": "always",
        "diff.suppressBlankEmpty": "true",
    }.items():
        run_git(shop.root, "config", key, value)
    assert shop.guarded() == plain


def test_it_is_told_to_people_with_what_blocks_first(shop: Shop) -> None:
    commit(shop.root, {"shop/cart.py": "import leftpad\n", "logo.png": None})
    words = ["guard", "--repo", str(shop.root), "--base", shop.base, "--head", "HEAD"]
    done = CliRunner().invoke(build_command_line(), words)
    assert done.exit_code == 1
    first, second, _, last = done.stdout.splitlines()
    assert first.split()[:3] == ["blocks", "unsafe_file", "logo.png"]
    assert second.split()[:3] == ["look", "new_dependency", "shop/cart.py"]
    assert last == "2 changed files (2 free), 2 findings, 1 blocking."


def _wrong() -> Iterator[tuple[list[str], str]]:
    yield ["--base", "nothing", "--head", "HEAD"], "--base: there is no revision 'nothing'"
    yield ["--base", "HEAD", "--head", "--output=x"], "--head: there is no revision '--output=x'"
    yield ["--base", "HEAD..HEAD", "--head", "HEAD"], "--base: there is no revision 'HEAD..HEAD'"
    yield ["--base", "", "--head", "HEAD"], "--base: there is no revision ''"
    yield ["--base", "HEAD", "--head", "HEAD", "--repo", "/nowhere"], "/nowhere is no folder"
    named = ["--base", "HEAD", "--head", "HEAD", "--named"]
    yield [*named, "shop/crat.py"], "--named shop/crat.py: base and head have no such file; "
    yield [*named, "shop/crat.py"], "did you mean shop/cart.py?"
    yield [*named, "zzz"], "give its path from the repository's root."
    yield ["--base", "HEAD", "--head", "HEAD", "--repo", "/"], "/ is not in a git repository"


@pytest.mark.parametrize(("words", "said"), list(_wrong()))
def test_what_is_not_there_is_named(shop: Shop, words: list[str], said: str) -> None:
    done = CliRunner().invoke(build_command_line(), ["guard", "--repo", str(shop.root), *words])
    assert isinstance(done.exception, ConfigError)
    assert said in str(done.exception)
