"""What is broken in any way is refused, and the last good version is served."""

import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError, NotRolledBack
from bot.domain.live_items import AWAY_AUTHOR, FIRST_AUTHOR, ItemKind, as_author
from bot.domain.people import Person
from bot.hot_reload.versions import LARGEST, VersionRepository
from bot.prompts import Prompts, freeze_prompts
from tests.bot.hot_reload.hot_reload_room import CONFIG, FILES, Room, hot_room, skill
from tests.fakes.fake_clock import START

ADA = as_author(Person(id=7, name="ada"))
EXECUTOR = "prompts/executor.md"
SKILL = "prompts/skills/triage/SKILL.md"
MISTYPED = CONFIG.replace("workers: 2 ", "workers: many ")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with hot_room(tmp_path) as made:
        yield made


def written(path: str, text: str | bytes) -> Callable[[Room], None]:
    return lambda room: room.write(path, text)


def deleted(path: str) -> Callable[[Room], None]:
    return lambda room: (room.root / path).unlink()


def link(path: str) -> Callable[[Room], None]:
    def put(room: Room) -> None:
        (room.root / path).unlink()
        (room.root / path).symlink_to(room.root / "prompts/persona.md")

    return put


def pipe(path: str) -> Callable[[Room], None]:
    def put(room: Room) -> None:
        (room.root / path).unlink()
        os.mkfifo(room.root / path)

    return put


def front(lines: str) -> str:
    return f"---\nname: triage\n{lines}\n---\nLook first.\n"


def without_manifest(room: Room) -> None:
    room.write("prompts/skills/triage/notes.md", "Look twice.\n")
    (room.root / SKILL).unlink()


def folder(path: str) -> Callable[[Room], None]:
    def put(room: Room) -> None:
        (room.root / path).unlink()
        (room.root / path).mkdir()

    return put


@pytest.mark.parametrize(
    ("kind", "name", "breaks", "reason"),
    [
        ("prompt", "executor", written(EXECUTOR, "Write $what.\n"), r"\.md: it lacks \$who"),
        ("prompt", "executor", written(EXECUTOR, "$what $who $why"), r"nobody fills in \$why"),
        ("prompt", "executor", written(EXECUTOR, "$what $who costs 5 $ "), "lonely .*write \\$\\$"),
        ("prompt", "executor", written(EXECUTOR, " \n"), "it is empty"),
        ("prompt", "executor", written(EXECUTOR, b"$what\n$who\n\xff"), "line 3: it is not UTF-8"),
        ("prompt", "executor", written(EXECUTOR, b"$what $who\0"), "it is no text"),
        ("prompt", "executor", written(EXECUTOR, "$what $who" + "x" * 70_000), "too large"),
        ("prompt", "executor", deleted(EXECUTOR), "the program asks for it; git checkout"),
        ("prompt", "executor", link(EXECUTOR), "it is a link; put the file"),
        ("prompt", "executor", pipe(EXECUTOR), "it is no plain file"),
        ("prompt", "executor", folder(EXECUTOR), "executor.md"),
        ("persona", "persona", deleted("prompts/persona.md"), "the program asks for it"),
        ("persona", "persona", written("prompts/persona.md", "x" * 20_000), "too large"),
        ("persona", "persona", written("prompts/persona.md", "Be $rude."), r"fills in \$rude"),
        ("skill", "triage", written(SKILL, "no front matter"), "SKILL.md, line 1: a skill begins"),
        ("skill", "triage", written(SKILL, b"\xff"), "is not UTF-8 text"),
        ("skill", "triage", written(SKILL, skill("other")), "call both the same"),
        ("skill", "triage", written("prompts/skills/triage/big", "x" * 600_000), "too large"),
        ("skill", "triage", link(SKILL), "it is a link; put the file"),
        ("skill", "triage", pipe(SKILL), "it is no plain file"),
        ("skill", "triage", written(SKILL, front("description: [")), "line .: not valid YAML"),
        ("skill", "triage", written(SKILL, front("description: [a]")), "description: input should"),
        ("skill", "triage", written(SKILL, skill("triage")[:30]), "that begins here has no end"),
        ("skill", "triage", without_manifest, r"has no SKILL\.md"),
        ("config", "config", written("data/config.yaml", CONFIG + "nonsense: 1\n"), "nonsense"),
        ("config", "config", written("data/config.yaml", "people: [\n"), "config.yaml, line"),
        ("config", "config", written("data/config.yaml", CONFIG[:2_000]), "config.yaml"),
        ("config", "config", written("data/config.yaml", b"\xff\xfe"), "it is not UTF-8"),
        ("config", "config", written("data/config.yaml", CONFIG + "\0"), "it is no text"),
        ("config", "config", written("data/config.yaml", MISTYPED), r"runs\.workers"),
        ("config", "config", written("data/config.yaml", CONFIG + "#" * 300_000), "too large"),
        ("config", "config", written("data/config.yaml", CONFIG + "x: &x [*x]\n"), "itself"),
        ("config", "config", deleted("data/config.yaml"), "it is gone; restore it"),
        ("cog", "dice", written("cogs/dice.py", b"SIDES = 6 # \xff\n"), "line 1: it is not UTF-8"),
        ("cog", "dice", written("cogs/dice.py", b"\0"), "it is no text"),
        ("cog", "dice", written("cogs/dice.py", "#" * 1_100_000), "too large"),
        ("cog", "dice", link("cogs/dice.py"), "it is a link; put the file"),
        ("cog", "dice", pipe("cogs/dice.py"), "it is no plain file"),
    ],
)  # fmt: skip
async def test_a_broken_file_is_refused_with_the_reason_and_the_last_good_one_is_served(
    room: Room, kind: ItemKind, name: str, breaks: Callable[[Room], None], reason: str
) -> None:
    before, live = room.item(kind, name), room.registry.live
    breaks(room)
    (refused,) = (await room.look()).refused
    assert (refused.kind, refused.name, refused.state) == (kind, name, "refused")
    with pytest.raises(ConfigError, match=reason):
        raise ConfigError(refused.reason)
    assert (refused.version, refused.digest) == (before.version, before.digest)
    assert room.registry.live.prompts == live.prompts
    assert room.registry.live.get_contents(kind)[name].digest == before.digest
    assert len(room.told) == 1
    assert room.cogs.loaded == [], "what is no text is not tried"
    await room.look()
    assert len(room.told) == 1, "it is told once"
    path = room.root / before.path if kind != "skill" else room.root / SKILL
    for each in sorted(path.parent.iterdir() if kind == "skill" else [path]):
        if each.is_dir():
            each.rmdir()
        else:
            each.unlink(missing_ok=True)
    source = SKILL if kind == "skill" else before.path
    room.write(source, FILES[source])
    await room.look()
    assert room.item(kind, name).state == "live"
    assert [item.name for item in room.told[-1].fixed] == [name]


async def test_a_file_that_may_not_be_read_is_refused(room: Room) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (room.root / EXECUTOR).chmod(0)
    (refused,) = (await room.look()).refused
    assert "executor.md cannot be read: Permission denied" in refused.reason


async def test_what_may_be_gone_is_gone_with_its_file(room: Room) -> None:
    (room.root / SKILL).unlink()
    (room.root / SKILL).parent.rmdir()
    (room.root / "cogs/dice.py").unlink()
    result = await room.look()
    assert [(item.kind, item.name) for item in result.removed] == [
        ("cog", "dice"), ("skill", "triage"),
    ]  # fmt: skip
    assert room.cogs.loaded == [("dice",)]
    room.write(SKILL, FILES[SKILL])
    await room.look()
    assert room.item("skill", "triage").version == 2, "numbers go on where they were"


async def test_readers_keep_the_texts_they_began_with(room: Room) -> None:
    prompts = Prompts(room.root / "prompts", lambda: room.registry.live.prompts)
    turn = prompts.freeze()
    with freeze_prompts():
        assert prompts.render("persona") == "Kind.\n"
        room.write("prompts/persona.md", "Short.\n")
        room.write(EXECUTOR, "$who writes $what.\n")
        await room.look()
        assert prompts.render("persona") == "Kind.\n"
        assert prompts.render("executor", who="I", what="it") == "Write it as I.\n"
    assert turn.render("persona") == "Kind.\n"
    assert prompts.render("persona") == "Short.\n"
    assert prompts.render("executor", who="I", what="it") == "I writes it.\n"
    with pytest.raises(ConfigError, match=r"nothing\.md cannot be read"):
        prompts.render("nothing")


async def test_of_several_changes_one_swap_is_seen(room: Room) -> None:
    before = room.registry.live
    room.write("prompts/persona.md", "Short.\n")
    room.write(EXECUTOR, "$who writes $what.\n")
    room.write("prompts/new.md", "New.\n")
    await room.look()
    assert before.prompts["persona"] == "Kind.\n"
    assert "new" not in before.prompts
    assert {*room.registry.live.prompts} == {"persona", "executor", "new"}


async def test_a_cog_that_its_loader_refuses_stays_as_it_was(room: Room) -> None:
    room.cogs.refusing = {"dice": "SyntaxError: invalid"}
    room.write("cogs/dice.py", "SIDES = \n")
    (refused,) = (await room.look()).refused
    assert (refused.version, refused.reason) == (1, "SyntaxError: invalid")
    assert (await room.look()).refused == (refused,)
    assert room.cogs.loaded == [("dice",)], "it is not tried again before it changes"
    room.cogs.refusing = {}
    (item,) = (await room.registry.reload(ADA)).live
    assert (item.version, item.state) == (2, "live"), "or somebody asks for it"


async def test_a_cog_that_did_not_load_at_the_start_is_told_and_mended_by_its_file(
    room: Room,
) -> None:
    await room.registry.leave_out({"dice": "NameError: name 'x'"})
    item = room.item("cog", "dice")
    assert (item.version, item.state, item.reason) == (0, "refused", "NameError: name 'x'")
    assert [each.name for each in room.told[0].refused] == ["dice"]
    room.write("cogs/dice.py", "SIDES = 8\n")
    await room.look()
    assert (room.item("cog", "dice").state, room.item("cog", "dice").version) == ("live", 2)


async def test_what_editors_and_python_leave_beside_files_is_no_item(room: Room) -> None:
    for path in ("prompts/.executor.md.swp", "prompts/executor.md~", "prompts/4913.tmp",
                 "cogs/__pycache__/dice.pyc", "cogs/.#dice.py"):  # fmt: skip
        room.write(path, b"\xff\0")
    assert (await room.look()).is_unchanged


# ------------------------------------------------------------------------------ across restarts


async def test_a_rollback_survives_a_restart_and_ends_with_the_file(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room:
        room.write("prompts/persona.md", "Rude.\n")
        await room.look()
        await room.registry.roll_back("persona", "persona", 1, ADA)
        assert room.registry.live.prompts["persona"] == "Kind.\n"
        assert (tmp_path / "prompts/persona.md").read_text() == "Rude.\n", "the file is left alone"
    async with hot_room(tmp_path, files={}) as room:
        item = room.item("persona", "persona")
        assert (item.version, item.rolled_back and item.rolled_back.by) == (1, ADA)
        assert room.registry.live.prompts["persona"] == "Kind.\n"
        room.write("prompts/persona.md", "Calm.\n")
    async with hot_room(tmp_path, files={}) as room:
        item = room.item("persona", "persona")
        assert (item.version, item.rolled_back) == (3, None)
        assert room.registry.live.prompts["persona"] == "Calm.\n"


async def test_what_is_broken_at_the_start_is_served_as_it_was_last_good(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room:
        assert room.item("persona", "persona").version == 1
    (tmp_path / "prompts/persona.md").write_bytes(b"\xff")
    for _ in range(2):
        async with hot_room(tmp_path, files={}) as room:
            item = room.item("persona", "persona")
            assert (item.version, item.state) == (1, "refused")
            assert room.registry.live.prompts["persona"] == "Kind.\n"


async def test_a_file_edited_meanwhile_is_a_version_of_its_own(tmp_path: Path) -> None:
    async with hot_room(tmp_path):
        pass
    (tmp_path / "prompts/persona.md").write_text("Calm.\n")
    async with hot_room(tmp_path, files={}) as room:
        newest, oldest = await room.registry.list_versions("persona", "persona")
        assert (newest.number, newest.commit, oldest.number) == (2, "c0ffee", 1)
        assert "+Calm." in newest.diff
        assert (newest.author, oldest.author) == (AWAY_AUTHOR, FIRST_AUTHOR)
        assert [each.name for told in room.told_at_start for each in told.live] == ["persona"]


async def test_a_start_tells_of_nothing_where_nothing_changed(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room:
        assert [told.author for told in room.told_at_start] == [FIRST_AUTHOR]
    async with hot_room(tmp_path, files={}) as room:
        assert room.told_at_start == ()


async def test_what_is_live_is_so_since_its_version_came_and_not_since_the_start(
    tmp_path: Path,
) -> None:
    async with hot_room(tmp_path) as room:
        room.write("prompts/persona.md", "Rude.\n")
        await room.look()
        await room.registry.roll_back("persona", "persona", 1, ADA)
    async with hot_room(tmp_path, files={}, at=START + timedelta(days=1)) as room:
        assert {item.since for item in room.registry.list_items()} == {START}


async def test_a_version_that_is_not_valid_now_is_not_rolled_back_to(tmp_path: Path) -> None:
    async with hot_room(tmp_path):
        pass
    (tmp_path / EXECUTOR).write_text("Write $what.\n")  # with the code that fills it in
    async with hot_room(tmp_path, files={}) as room:
        assert room.item("prompt", "executor").version == 2
        with pytest.raises(NotRolledBack, match=r"Version 1 is not valid now: .*fills in \$who"):
            await room.registry.roll_back("prompt", "executor", 1, ADA)


async def test_all_versions_together_stay_within_their_bound(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room:
        for number in range(12):
            for name in ("a", "b"):
                path = f"prompts/skills/{name}/SKILL.md"
                # what cannot be compressed: the bound is on what is stored
                noise = os.urandom(150_000).hex()
                room.write(path, skill(name, f"{number}"))
                room.write(f"prompts/skills/{name}/noise.txt", noise[:30_000])
            await room.look()
        for name in ("a", "b"):
            assert len(await room.registry.list_versions("skill", name)) == 10
    kept = (tmp_path / "state" / "live.sqlite3").stat().st_size
    assert kept < LARGEST


async def test_a_damaged_version_is_said_to_be_so(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room:
        room.write("prompts/persona.md", "Calm.\n")
        await room.look()
        async with VersionRepository(tmp_path / "state" / "live.sqlite3") as versions:
            await versions._database.write(
                lambda connection: connection.execute(
                    "UPDATE versions SET content = (SELECT content FROM versions WHERE"
                    " name = 'dice') WHERE name = 'persona' AND number = 1"
                )
            )
        with pytest.raises(Exception, match="version 1 of persona persona is not what was kept"):
            await room.registry.roll_back("persona", "persona", 1, ADA)
        assert room.registry.live.prompts["persona"] == "Calm.\n"
