"""Packages are read as text, at their exact versions, and nothing of them is run."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.research import InstalledPackages, SqliteResearchCache
from bot.app.research import list_dependencies, list_package_folders
from bot.domain.account import Account
from bot.domain.research import Passage, ResearchQuestion
from tests.fakes.fake_clock import FakeClock

MODULE = '''
"""Sends pigeons with messages, and waits for their return to the loft."""

raise SystemExit("this module was run")


class Loft:
    """Holds pigeons between two flights, at most forty of them."""

    def feed(self, grain):
        """Give grain to every pigeon in the loft, twice a day."""
        return [pigeon.eat(grain) for pigeon in self.pigeons]
'''
README = """# Pigeons

Carries messages by air.

## Changelog

### 2.0

Pigeons no longer fly at night, because of owls.
"""


class Site:
    """A folder of installed packages, and the source that reads it."""

    def __init__(self, folder: Path, cache: SqliteResearchCache) -> None:
        self.folder = folder
        paths, clock = [str(folder)], FakeClock()
        self.source = InstalledPackages(cache.database, paths, lambda: ["pigeon-post"], clock)

    def install(self, version: str, name: str = "pigeon-post", **files: str) -> None:
        """Write the package as an installer does, in place of other versions."""
        for old in self.folder.glob(f"{name}-*"):
            for each in old.iterdir():
                each.unlink()
            old.rmdir()
        info = self.folder / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Post by air\n"
        (info / "METADATA").write_text(f"{head}\n{README}")
        listed = [f"{info.name}/METADATA"]
        for file, text in files.items():
            path = file.replace("__", "/")
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{path}.py").write_text(text)
            listed.append(f"{path}.py")
        (info / "RECORD").write_text("".join(f"{each},,\n" for each in listed))

    async def search(self, text: str) -> tuple[Passage, ...]:
        account = Account(purpose="chat", person_id=1)
        return (await self.source.search(ResearchQuestion(text=text, account=account))).passages


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    file, clock = tmp_path / "research.sqlite3", FakeClock()
    async with SqliteResearchCache(file, clock, timedelta(days=1)) as cache:
        yield Site(tmp_path / "site", cache)


async def test_docstrings_code_and_changelog_have_their_place_and_version(site: Site) -> None:
    site.install("2.0.1", pigeon_post=MODULE)
    found = await site.search("who gives grain to pigeons in the loft")
    best = found[0]
    assert (best.kind, best.source, best.version) == ("docstring", "pigeon-post", "2.0.1")
    assert best.locator == "pigeon_post.py:10 Loft.feed"
    assert best.text == "Give grain to every pigeon in the loft, twice a day."
    assert any(each.kind == "code" and "pigeon.eat(grain)" in each.text for each in found)
    [change, *_] = await site.search("do pigeons fly at night, and what about owls")
    assert (change.kind, change.locator) == ("changelog", "README 2.0")


async def test_another_version_is_read_again(site: Site) -> None:
    site.install("1.0", pigeon_post='"""Pigeons fly in a straight line over the mountains."""')
    assert (await site.search("pigeons over mountains"))[0].version == "1.0"
    site.install("2.0", pigeon_post='"""Pigeons avoid the mountains and fly along rivers."""')
    found = await site.search("pigeons and mountains")
    assert {each.version for each in found} == {"2.0"}


async def test_a_named_package_is_read_also_if_it_is_no_dependency(site: Site) -> None:
    site.install("2.0.1", pigeon_post=MODULE)
    site.install("0.3", "owl", owl='"""Owls hunt pigeons at night around the loft."""')
    found = await site.search("does owl hunt pigeons around the loft")
    assert {each.source for each in found} == {"owl"}
    found = await site.search("who hunts pigeons around the loft at night")
    assert "owl" not in {each.source for each in found}


async def test_files_outside_of_the_folder_and_broken_ones_are_left_out(site: Site) -> None:
    outside = site.folder.parent / "secret.py"
    site.install("2.0.1", pigeon_post="def broken(:", pigeon_deep="x = " + "(" * 5_000)
    outside.write_text('"""The loft has a secret door behind the grain."""')
    with next(site.folder.glob("*.dist-info/RECORD")).open("a") as record:
        record.write(f"../secret.py,,\n{outside},,\npigeon_gone.py,,\n")
    assert await site.search("secret door of the loft behind the grain") == ()


def test_the_dependencies_are_those_that_the_project_names(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["discord.py>=2.4", "aiohttp==3.9"]\n'
    )
    (tmp_path / "requirements.txt").write_text("PyNaCl\n")
    assert list_dependencies(tmp_path) == ["aiohttp", "discord-py", "pynacl"]
    assert list_dependencies(tmp_path / "missing") == []


def test_the_packages_of_another_python_are_found_without_starting_it(tmp_path: Path) -> None:
    site = tmp_path / "venv/lib/python3.12/site-packages"
    site.mkdir(parents=True)
    assert list_package_folders(tmp_path / "venv/bin/python") == [str(site)]
