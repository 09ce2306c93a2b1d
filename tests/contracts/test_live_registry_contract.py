"""What every live registry promises, on the fake and on files, with both databases."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app.state_parts import VERSIONS
from bot.domain.errors import NotRolledBack, OtherVersionLive, UnknownItem
from bot.domain.live_items import FILE_AUTHOR, ChangeAuthor
from bot.hot_reload.catalog import Catalog
from bot.hot_reload.registry import FileLiveRegistry
from bot.hot_reload.validation import Validation
from bot.hot_reload.versions import SqlVersionRepository, VersionRepository
from bot.ports.live_registry import LiveRegistry
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_live_registry import FakeLiveRegistry
from tests.support.postgres_server import open_schema

ADA = ChangeAuthor(kind="person", name="ada", person_id=7)


class Rig:
    """A registry, and ways to change what lies in its files; `None` deletes one."""

    def __init__(
        self,
        registry: LiveRegistry,
        write: Callable[[str, str | None], None],
        spoil: Callable[[str], object],
        cog: Callable[[], object],
    ) -> None:
        self.registry = registry
        self.write = write
        self.spoil = spoil
        self.cog = cog

    async def live(self, text: str, name: str = "greeting") -> None:
        """Have a prompt live with a text."""
        self.write(name, text)
        await self.registry.reload(FILE_AUTHOR)


def _fake() -> Rig:
    fake = FakeLiveRegistry()

    def write(name: str, text: str | None) -> None:
        if text is None:
            del fake.files["prompt", name]
        else:
            fake.files["prompt", name] = text

    def spoil(name: str) -> None:
        fake.files["prompt", name] = f"{fake.BROKEN}it is not UTF-8"

    def cog() -> None:
        fake.files["cog", "dice"] = "pass\n"

    return Rig(fake, write, spoil, cog)


@asynccontextmanager
async def _files(root: Path, versions: SqlVersionRepository) -> AsyncIterator[Rig]:
    for folder in ("prompts", "cogs"):
        (root / folder).mkdir()

    def write(name: str, text: str | None) -> None:
        file = root / "prompts" / f"{name}.md"
        if text is None:
            file.unlink()
        else:
            file.write_text(text, encoding="utf-8")

    async with versions:
        registry = FileLiveRegistry(Catalog(root), Validation(), versions, FakeClock())
        await registry.start()
        yield Rig(
            registry,
            write,
            lambda name: (root / "prompts" / f"{name}.md").write_bytes(b"\xff\xfe"),
            lambda: (root / "cogs" / "dice.py").write_text("pass\n"),
        )


@pytest.fixture(params=["fake", "files", pytest.param("postgres", marks=pytest.mark.slow)])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Return a registry without items."""
    if request.param == "fake":
        yield _fake()
        return
    versions = (
        SqlVersionRepository(open_schema(request, VERSIONS))
        if request.param == "postgres"
        else VersionRepository(tmp_path / "state" / "versions.sqlite3")
    )
    async with _files(tmp_path, versions) as made:
        yield made


async def test_a_file_is_an_item_with_one_version_once_it_was_read(rig: Rig) -> None:
    rig.write("greeting", "hello\n")
    assert rig.registry.list_items("prompt") == ()
    result = await rig.registry.reload(FILE_AUTHOR)
    (item,) = result.live
    assert (item.kind, item.name, item.version, item.state) == ("prompt", "greeting", 1, "live")
    assert rig.registry.list_items("prompt") == (item,)
    assert rig.registry.list_items("skill") == ()
    (version,) = await rig.registry.list_versions("prompt", "greeting")
    assert (version.author, version.size, version.digest) == (FILE_AUTHOR, 6, item.digest)
    assert await rig.registry.read_text("prompt", "greeting", 1) == "hello\n"


async def test_the_same_again_changes_nothing(rig: Rig) -> None:
    await rig.live("hello\n")
    assert (await rig.registry.reload(ADA)).is_unchanged
    assert len(await rig.registry.list_versions("prompt", "greeting")) == 1


async def test_a_change_is_a_version_with_its_author_and_diff(rig: Rig) -> None:
    await rig.live("hello\n")
    rig.write("greeting", "hello there\n")
    await rig.registry.reload(ADA)
    newest, oldest = await rig.registry.list_versions("prompt", "greeting")
    assert (newest.number, newest.author, oldest.number) == (2, ADA, 1)
    assert "-hello" in newest.diff.splitlines()
    assert "+hello there" in newest.diff.splitlines()


async def test_what_is_refused_keeps_its_last_good_version_and_says_why(rig: Rig) -> None:
    await rig.live("hello\n")
    rig.spoil("greeting")
    (refused,) = (await rig.registry.reload(FILE_AUTHOR)).refused
    assert (refused.version, refused.state) == (1, "refused")
    assert "UTF-8" in refused.reason
    rig.write("greeting", "mended\n")
    (item,) = (await rig.registry.reload(FILE_AUTHOR)).live
    assert (item.version, item.state, item.reason) == (2, "live", "")


async def test_mended_by_putting_back_what_was_live_it_is_no_new_version(rig: Rig) -> None:
    await rig.live("hello\n")
    rig.spoil("greeting")
    await rig.registry.reload(FILE_AUTHOR)
    await rig.live("hello\n")
    item = rig.registry.get_item("prompt", "greeting")
    assert (item.version, item.state, item.reason) == (1, "live", "")


async def test_a_deleted_file_is_an_item_no_more(rig: Rig) -> None:
    await rig.live("hello\n")
    rig.write("greeting", None)
    (gone,) = (await rig.registry.reload(FILE_AUTHOR)).removed
    assert gone.name == "greeting"
    assert rig.registry.list_items("prompt") == ()


async def test_ten_versions_are_kept(rig: Rig) -> None:
    for number in range(1, 13):
        await rig.live(f"hello {number}\n")
    kept = await rig.registry.list_versions("prompt", "greeting")
    assert [each.number for each in kept] == list(range(12, 2, -1))
    assert await rig.registry.read_text("prompt", "greeting", 3) == "hello 3\n"
    with pytest.raises(UnknownItem, match="2"):
        await rig.registry.read_text("prompt", "greeting", 2)


async def test_rolled_back_an_older_version_is_live_until_the_file_changes(rig: Rig) -> None:
    for text in ("one\n", "two\n", "three\n"):
        await rig.live(text)
    item = await rig.registry.roll_back("prompt", "greeting", 1, ADA)
    assert item.version == 1
    assert item.rolled_back is not None
    assert (item.rolled_back.number, item.rolled_back.by) == (3, ADA)
    assert (await rig.registry.reload(FILE_AUTHOR)).is_unchanged
    assert rig.registry.get_item("prompt", "greeting").version == 1
    await rig.live("four\n")
    item = rig.registry.get_item("prompt", "greeting")
    assert (item.version, item.rolled_back) == (4, None)


async def test_the_files_own_version_ends_a_rollback_and_the_live_one_changes_nothing(
    rig: Rig,
) -> None:
    await rig.live("one\n")
    await rig.live("two\n")
    live = rig.registry.get_item("prompt", "greeting")
    assert await rig.registry.roll_back("prompt", "greeting", 2, ADA) == live
    await rig.registry.roll_back("prompt", "greeting", 1, ADA)
    item = await rig.registry.roll_back("prompt", "greeting", 2, ADA)
    assert (item.version, item.rolled_back) == (2, None)


async def test_what_changed_since_somebody_chose_is_not_swapped_out_unseen(rig: Rig) -> None:
    await rig.live("one\n")
    await rig.live("two\n")
    seen = rig.registry.get_item("prompt", "greeting").digest
    await rig.live("three\n")
    with pytest.raises(OtherVersionLive, match="greeting"):
        await rig.registry.roll_back("prompt", "greeting", 1, ADA, seen[:16])
    assert rig.registry.get_item("prompt", "greeting").version == 3
    now = rig.registry.get_item("prompt", "greeting").digest
    assert (await rig.registry.roll_back("prompt", "greeting", 1, ADA, now[:16])).version == 1


async def test_what_is_not_there_is_said_so(rig: Rig) -> None:
    await rig.live("one\n")
    with pytest.raises(UnknownItem, match="nothing"):
        rig.registry.get_item("prompt", "nothing")
    with pytest.raises(UnknownItem, match="nothing"):
        await rig.registry.list_versions("prompt", "nothing")
    with pytest.raises(UnknownItem, match="9"):
        await rig.registry.roll_back("prompt", "greeting", 9, ADA)


async def test_code_is_taken_back_in_git(rig: Rig) -> None:
    rig.cog()
    await rig.registry.reload(FILE_AUTHOR)
    with pytest.raises(NotRolledBack, match="git"):
        await rig.registry.roll_back("cog", "dice", 1, ADA)
