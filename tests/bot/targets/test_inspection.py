"""The inspection of foreign repositories, by small ones of each kind."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.targets.checkout import read_checkout
from bot.targets.inspection import CommandCounts, Inspection, inspect_repository
from bot.targets.project_files import translate_poetry_version
from bot.targets.proposal import (
    build_paths,
    build_protection,
    build_target,
    count_guards,
    propose_name,
)
from bot.targets.source_tree import parse_source
from tests.fakes.foreign_bots import (
    HYBRID_BOT,
    LIBRARY,
    OTHER_LIBRARY,
    OWN_DISPATCH,
    RED_PACK,
    SCRIPT_BOT,
)
from tests.fakes.repositories import make_repository


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    return inspect(tmp_path_factory.mktemp("hybrid") / "bot", HYBRID_BOT)


def inspect(folder: Path, files: Mapping[str, str | bytes]) -> Inspection:
    make_repository(folder, dict(files))
    return inspect_repository(read_checkout(folder))


def test_commands_of_every_kind_are_counted(hybrid: Inspection) -> None:
    found = {each.name: each.kind for each in hybrid.commands}
    assert found == {
        "tag": "hybrid",
        "tag create": "hybrid",
        "tag show": "slash",
        "games chess": "slash",
        "config": "prefix",
        "config reset": "prefix",
        "purge": "prefix",
        "ping": "slash",
        "Quote": "menu",
        "eval": "prefix",
    }
    assert hybrid.counts == CommandCounts(prefix=4, hybrid=2, slash=3, menu=1, groups=2)


def test_other_entry_points_are_counted(hybrid: Inspection) -> None:
    counted = (
        hybrid.handlers.listeners,
        hybrid.handlers.loops,
        hybrid.handlers.views,
        hybrid.handlers.components,
    )
    assert counted == (2, 1, 1, 1)  # on_ready of the bot's class is a listener


def test_the_bot_and_its_surroundings_are_found(hybrid: Inspection) -> None:
    assert hybrid.kind == "bot"
    assert hybrid.bot.startswith("WelcomeBot(discord.ext.commands.Bot) in main.py:")
    assert hybrid.prefix == "prefix('!')"
    assert hybrid.start is not None
    assert hybrid.start.summary == "python main.py"
    assert hybrid.loaded_by == ("os.listdir 'cogs' (main.py:18)",)
    assert set(hybrid.extensions) == {"cogs.owner", "cogs.tags"}
    assert (hybrid.project.environment, hybrid.project.environment_file) == (
        "requirements",
        "requirements.txt",
    )
    assert hybrid.project.library == "discord.py==2.4.0"
    assert hybrid.project.python == "==3.11.*"
    assert hybrid.project.databases == ("SQLite",)
    assert hybrid.project.variables == ("TOKEN",)
    assert hybrid.project.license == "MIT"
    assert hybrid.project.shared_names == ("cogs", "main", "tests", "utils")
    assert set(hybrid.project.tools) == {"ruff", "flake8", "pytest"}
    assert hybrid.open_points == ()


def test_the_line_goes_into_the_setup_hook_after_its_docstring(hybrid: Inspection) -> None:
    place = hybrid.attachment
    assert place is not None
    assert (place.path, place.line) == ("main.py", 16)
    assert place.lines == ('await self.load_extension("theseus_observe")',)


def test_cogs_are_free_and_what_starts_configures_or_runs_code_is_not(hybrid: Inspection) -> None:
    assert hybrid.start is not None
    paths = build_paths(hybrid, hybrid.start)
    assert paths.free == ("cogs/**/*.py",)
    assert set(paths.guarded) == {
        "main.py", "config.json", ".env.example", "cogs/owner.py", "migrations/**", ".github/**",
    }  # fmt: skip


def test_a_path_in_no_list_is_changed_only_if_a_person_names_it(
    hybrid: Inspection, tmp_path: Path
) -> None:
    make_repository(tmp_path / "b", dict(HYBRID_BOT))
    target = build_target("b", "b", read_checkout(tmp_path / "b"), hybrid, None)
    protection = build_protection(target)
    assert protection.find_class("cogs/tags.py") is None
    assert protection.find_class("cogs/owner.py") == ("guarded", "named")
    assert protection.find_class("main.py") == ("guarded", "named")
    assert protection.find_class("utils/shortcuts.py") == ("unlisted", "named")
    assert protection.find_class(".env") == ("secrets", "never")
    files = ("cogs/tags.py", "cogs/owner.py", "utils/a.py", ".env")
    assert count_guards(target, files) == {"free": 1, "named": 2, "never": 1}


def test_own_checks_are_used_and_a_repository_without_any_is_compiled(
    hybrid: Inspection, tmp_path: Path
) -> None:
    make_repository(tmp_path / "b", dict(SCRIPT_BOT))
    checkout = read_checkout(tmp_path / "b")
    plain = build_target("b", "b", checkout, inspect_repository(checkout), None).checks
    own = build_target("a", "a", checkout, hybrid, None).checks
    assert plain is not None
    assert own is not None
    assert [each.name for each in plain.full] == ["compile"]
    assert [each.name for each in own.full] == ["lint (ruff)", "lint (flake8)", "tests"]


def test_a_script_without_a_class_gets_a_hook_before_it_runs(tmp_path: Path) -> None:
    found = inspect(tmp_path / "bot", SCRIPT_BOT)
    assert found.counts == CommandCounts(prefix=1, slash=1)
    assert found.prefix == "'?'"
    assert found.attachment is not None
    assert found.attachment.line == 22
    assert found.attachment.lines[:2] == ("@bot.event", "async def setup_hook():")


def test_a_client_that_dispatches_by_method_names_is_understood(tmp_path: Path) -> None:
    found = inspect(tmp_path / "bot", OWN_DISPATCH)
    assert found.kind == "client"
    assert [each.name for each in found.commands] == ["play", "skip", "stop"]
    assert found.attachment is not None  # a Client has no load_extension
    assert "theseus_observe.setup(self)" in found.attachment.lines[-1]


BASE = """\
from redbot.core import commands


class Base:
    @commands.group()
    async def admin(self, ctx): ...
"""
ODD = """\
from discord import app_commands
from discord.ext import commands
from utils import own
from utils.base import Base


class Odd(commands.Cog):
    admin = getattr(Base, "admin")

    @admin.command()
    async def ban(self, ctx): ...

    @commands.command()
    @own.slash_command(name="both")
    async def both(self, ctx): ...

    @own.context_menu(name="Report")
    async def report(self, interaction, message): ...


def build(callback, **options):
    return app_commands.ContextMenu(callback=callback, **options)
"""
OWN = """\
def slash_command(**options):
    return lambda function: function


def context_menu(**options):
    return lambda function: function
"""


def test_odd_ways_to_make_commands_are_understood(tmp_path: Path) -> None:
    """Groups of another class, own decorators, and two commands from one function."""
    files = {"cogs/odd.py": ODD, "utils/base.py": BASE, "utils/own.py": OWN, **SCRIPT_BOT}
    found = inspect(tmp_path / "bot", files)
    assert sorted((each.name, each.kind) for each in found.commands if "/" in each.path) == [
        ("Report", "menu"),
        ("admin", "prefix"),
        ("admin ban", "prefix"),
        ("both", "prefix"),
        ("both", "slash"),
    ]


def test_a_client_of_another_extension_is_no_bot(tmp_path: Path) -> None:
    ipc = "from discord.ext import ipc\n\n\nclass Ipc(ipc.Client):\n    pass\n\n\nIpc()\n"
    files = {**SCRIPT_BOT, "a.py": ipc, "bot.py": SCRIPT_BOT["bot.py"].replace("run", "go")}
    found = inspect(tmp_path / "bot", files)
    assert found.bot == "discord.ext.commands.Bot in bot.py:4"
    assert found.start is None
    checkout = read_checkout(tmp_path / "bot")
    assert build_target("a", "a", checkout, found, None).start.file == "bot.py"


def test_a_pack_of_cogs_for_red_is_reported_as_such(tmp_path: Path) -> None:
    found = inspect(tmp_path / "pack", RED_PACK)
    assert found.kind == "red pack"
    assert [each.name for each in found.commands] == ["greetset", "greetset text"]
    assert found.project.python == ">=3.9"
    assert any("Red instance" in each for each in found.open_points)
    assert found.attachment is not None
    assert found.attachment.path == "greet/__init__.py"


@pytest.mark.parametrize(("files", "libraries"), [(LIBRARY, ()), (OTHER_LIBRARY, ("disnake",))])
def test_a_repository_without_a_discord_py_bot_has_no_kind(
    tmp_path: Path, files: Mapping[str, str], libraries: tuple[str, ...]
) -> None:
    found = inspect(tmp_path / "bot", files)
    assert found.kind is None
    assert found.other_libraries == libraries


def test_tokens_are_redacted_and_those_of_tests_are_told_apart(tmp_path: Path) -> None:
    token = "MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs"
    files = {**SCRIPT_BOT, "config.py": f'TOKEN = "{token}"\n', "tests/test_a.py": f"'{token}'\n"}
    found = inspect(tmp_path / "bot", files)
    assert [(each.path, each.line, each.is_aside) for each in found.tokens] == [
        ("config.py", 1, False),
        ("tests/test_a.py", 1, True),
    ]
    assert token not in found.model_dump_json()


def test_files_of_later_pythons_are_read_as_far_as_possible(tmp_path: Path) -> None:
    later = (
        "type Pair[T] = tuple[T, T]\n\n\nclass Box[T: (int, str)](list):\n"
        "    def get[U](self, x: U) -> U:\n        try:\n            return x\n"
        "        except ValueError, TypeError:\n            raise\n"
    )
    source = parse_source("box.py", later)
    assert set(source.definitions) == {"Pair", "Box"}
    found = inspect(tmp_path / "bot", {**SCRIPT_BOT, "broken.py": "def f(:\n"})
    assert list(found.unreadable) == ["broken.py"]
    assert any("broken.py" in each for each in found.open_points)


def test_links_out_of_the_repository_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("from discord.ext import commands\n")
    folder = tmp_path / "bot"
    make_repository(folder, dict(SCRIPT_BOT))
    (folder / "link.py").symlink_to(tmp_path / "secret.py")
    checkout = read_checkout(folder)
    found = inspect_repository(checkout.replace(files=(*checkout.files, "link.py")))
    assert "link.py" in found.unreadable


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("^3.11", ">=3.11,<4"),
        ("~3.11", ">=3.11,<3.12"),
        (">=3.10,<3.13", ">=3.10,<3.13"),
        ("3.12.*", "==3.12.*"),
        ("*", ""),
    ],
)
def test_versions_of_poetry_are_translated(written: str, expected: str) -> None:
    assert translate_poetry_version(written) == expected


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("https://github.com/ada/Welcome.Bot.git", "welcome-bot"),
        ("git@github.com:ada/modmail", "modmail"),
        ("/srv/bots/My Bot/", "my-bot"),
        ("/srv/theseus", "bot"),
    ],
)
def test_a_name_is_made_of_the_last_part(repository: str, name: str) -> None:
    assert propose_name(repository) == name


def test_the_import_check_imports_every_extension(tmp_path: Path) -> None:
    files = {
        f"plugins/{name}.py": "async def setup(bot): ...\n" for name in ("one", "two", "three")
    }
    make_repository(tmp_path / "b", {**SCRIPT_BOT, **files, "extra.py": files["plugins/one.py"]})
    checkout = read_checkout(tmp_path / "b")
    found = inspect_repository(checkout)
    assert found.extensions == ("extra", "plugins.*")
    checks = build_target("b", "b", checkout, found, None).checks
    assert checks is not None
    check = checks.full[-1]
    assert check.name == "import"
    argv = [sys.executable if each == "{python}" else each for each in check.command]
    assert subprocess.run(argv, cwd=tmp_path / "b", check=False).returncode == 0
    (tmp_path / "b/plugins/two.py").write_text("import missing_package\n")
    done = subprocess.run(argv, cwd=tmp_path / "b", capture_output=True, text=True, check=False)
    assert "missing_package" in done.stderr
    assert done.returncode == 1


def test_a_file_in_the_encoding_that_it_names_is_read(tmp_path: Path) -> None:
    source = "# -*- coding: latin-1 -*-\n" + SCRIPT_BOT["bot.py"] + "# grün\n"
    found = inspect(tmp_path / "bot", {**SCRIPT_BOT, "bot.py": source.encode("latin-1")})
    assert found.unreadable == {}


def test_a_file_that_is_no_python_is_named_with_its_line(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"bad.py": "def f(:\n", "odd.py": b"x = 1\n# gr\xfcn\n"}
    found = inspect(tmp_path / "bot", {**SCRIPT_BOT, **files})
    assert found.unreadable["bad.py"] == "SyntaxError in line 1"
    assert "utf-8" in found.unreadable["odd.py"]
