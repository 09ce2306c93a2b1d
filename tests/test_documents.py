"""What the documents show is tried out."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import cogs
from bot.authority.path_classes import BUILT_IN
from bot.cli.main import Theseus
from tests.cogs.room import open_room
from tests.support.tracked_files import list_tracked_files

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    page
    for where in ("*.md", "docs/*.md", "packages/*/*.md", ".github/*.md")
    for page in ROOT.glob(where)
)
NOT_HERE = (
    "data/state",
    "tests/acceptance",
    "tests/regressions/",
)  # what a bot makes while it runs
EXAMPLES = {"server.yaml", "tests/hmac.py", "tests/shop/", "cogs/payments/**", "policy/__init__.py"}
EXAMPLES |= {"cogs/**/*.csv", "cogs/**/*.json", "cogs/**/*.txt"}
EXAMPLES |= {"cogs/coin_flips.py", "tests/cogs/test_coin_flips.py"}
# Names of files anywhere, which tools know or a page makes up.
ANYWHERE = {"_private.py", "CLAUDE.md", "con.py", "pytest.toml", "ruff.toml", "sitecustomize.py"}
ANYWHERE |= {"ruamel.yaml"}  # a package


@pytest.fixture
def guide(tmp_path: Path) -> Iterator[list[str]]:
    """Add the guide's cog to the others; return the guide's pieces of Python."""
    pieces = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/writing-a-cog.md").read_text(), re.DOTALL
    )
    (tmp_path / "coins.py").write_text(pieces[0])
    cogs.__path__.append(str(tmp_path))
    yield pieces
    cogs.__path__.remove(str(tmp_path))
    sys.modules.pop("cogs.coins", None)


async def test_the_cog_of_the_guide_passes_the_guides_test(
    guide: list[str], tmp_path: Path
) -> None:
    known: dict[str, object] = {"Path": Path, "open_room": open_room}
    exec(guide[1], known)  # noqa: S102  our own document
    (tried,) = (known[name] for name in known if name.startswith("test_"))
    assert callable(tried)
    await tried(tmp_path)


def test_every_route_of_the_person_side_is_described() -> None:
    told = (ROOT / "packages/local_discord/REFERENCE.md").read_text()
    routes = [
        (found.group(1).upper(), found.group(2))
        for path in (ROOT / "packages/local_discord/local_discord").glob("*.py")
        for found in re.finditer(
            r'web\.(get|post|patch|delete)\("(/local/[^"]*)"', path.read_text()
        )
    ]
    assert len(routes) > 10
    missing = [
        f"{method} {path}"
        for method, path in routes
        if re.sub(r"\{.*?\}", "{", path).split("{")[0].rstrip("/") not in told or method not in told
    ]
    assert missing == []


def test_every_command_of_the_command_line_is_in_the_readme() -> None:
    told = (ROOT / "README.md").read_text()
    assert [name for name in Theseus.PLACES if f"`theseus {name}" not in told] == []


def test_every_class_of_guarded_paths_is_told() -> None:
    told = (ROOT / "docs/safety.md").read_text()
    for name, kind in BUILT_IN.items():
        paths = ", ".join(f"`{path}`" for path in kind.paths)
        assert f"| {name} | {kind.guard} | {paths} |" in told
    assert told.count(" | named | ") == 1 + sum(kind.guard == "named" for kind in BUILT_IN.values())


# --------------------------------------------------------------------- what they name is there


def quoted(page: Path) -> Iterator[str]:
    """Yield the pieces of the page's `code` that could be paths."""
    for piece in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")):
        for word in piece.split():
            path = word.strip(",;:()")
            if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)*/?", path):
                yield path


def files() -> list[str]:
    return list_tracked_files(ROOT, "--cached", "--others", "--exclude-standard")


def test_every_path_that_is_told_exists() -> None:
    present = files()
    tops = {name.partition("/")[0] for name in present if "/" in name}
    gone = [
        f"{page.relative_to(ROOT)}: {path}"
        for page in PAGES
        for path in quoted(page)
        if "/" in path and path.partition("/")[0] in tops
        if path not in EXAMPLES and not path.startswith(NOT_HERE)
        if not any(ROOT.glob(path.rstrip("/")))
    ]
    assert gone == []


def test_every_file_that_is_told_by_the_end_of_its_path_exists() -> None:
    present = [f"/{name}" for name in files()]
    gone = [
        f"{page.relative_to(ROOT)}: {end}"
        for page in PAGES
        for end in quoted(page)
        if re.fullmatch(r"[\w/-]+\.(py|md|ya?ml|toml|sh)", end)
        if end not in ANYWHERE | EXAMPLES
        if not any(name.endswith(f"/{end}") for name in present)
    ]
    assert gone == []


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {name for name in pages if f"]({name}" not in index} == set()


def test_headings_that_are_linked_to_are_there() -> None:
    def slug(heading: str) -> str:
        return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")

    missing = []
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text()):
            there = page.parent / target if target else page
            if target.startswith("https://"):
                continue
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
            if anchor not in map(slug, headings):
                missing.append(f"{page.relative_to(ROOT)}: {target}#{anchor}")
    assert missing == []


# ------------------------------------------------------------------------- habits that are kept


def recipe(target: str) -> list[str]:
    makefile = (ROOT / "Makefile").read_text()
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert found is not None
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in found[1].splitlines()]


def test_what_is_checked_before_a_commit_is_what_make_check_runs() -> None:
    configured = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (here,) = configured["repos"]
    assert [hook["entry"] for hook in here["hooks"]] == recipe("check")


def test_every_target_of_the_makefile_says_what_it_is_for() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    silent = [
        name
        for name in phony[1].split()
        if not re.search(rf"^{name}:.*  ## \w", makefile, re.MULTILINE)
    ]
    assert silent == []
