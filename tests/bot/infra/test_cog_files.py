"""Which files of a folder of cogs are cogs, which are helpers, and in which order cogs load."""

from pathlib import Path

import pytest

from bot.domain.cogs import is_own_cog
from bot.infra.cog_files import find_extensions, is_extension, order_extensions

SETUP = "async def setup(bot): ...\n"
COG = "from discord.ext import commands\nclass Base(commands.Cog): ...\n"
ROOT = Path(__file__).resolve().parents[3]


def write(root: Path, **files: str) -> Path:
    folder = root / "cogs"
    for name, source in files.items():
        path = folder / f"{name.replace('____', '/__')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


@pytest.mark.parametrize(
    "source",
    [
        SETUP,
        "def setup(bot): ...\n",
        "from cogs.music_parts import setup\n",
        "from cogs.music_parts import start as setup\n",
        "from cogs.music_parts import *\n",
        "setup = print\n",
        f"if True:\n    {SETUP}",
        f"try:\n    import x\nexcept ImportError:\n    {SETUP}",
        "async def setup(\n",
        COG,
    ],
)
def test_what_has_a_setup_or_may_have_one_is_a_cog(tmp_path: Path, source: str) -> None:
    folder = write(tmp_path, music=source)
    assert find_extensions(folder) == ["cogs.music"]


@pytest.mark.parametrize(
    "source",
    ["", "LIMIT = 3\n", "def setup_logging(): ...\n", "class A:\n    def setup(self): ...\n"],
)
def test_what_has_no_setup_is_a_helper_as_package_and_as_imported_module(
    tmp_path: Path, source: str
) -> None:
    music = f"from cogs.helpers import x\n{SETUP}"
    folder = write(tmp_path, helpers=source, utils____init__=source, music=music)
    assert find_extensions(folder) == ["cogs.music"]


def test_a_file_that_nobody_imports_is_a_cog_without_its_setup(tmp_path: Path) -> None:
    assert find_extensions(write(tmp_path, dice="SIDES = 6\n")) == ["cogs.dice"]


@pytest.mark.parametrize(
    "imports", ["from cogs.base import Base\n", "from .base import Base\n", "import cogs.base\n"]
)
def test_a_base_class_that_other_cogs_import_is_a_helper(tmp_path: Path, imports: str) -> None:
    folder = write(tmp_path, base=COG, music=imports + SETUP)
    assert find_extensions(folder) == ["cogs.music"]


def test_nothing_private_shared_or_without_python_is_a_cog(tmp_path: Path) -> None:
    folder = write(tmp_path, _x=SETUP, ui____init__=SETUP, b=SETUP, a____init__=SETUP)
    (folder / "c").mkdir()
    (folder / "c" / "x.txt").touch()
    assert find_extensions(folder) == ["cogs.a", "cogs.b"]


def test_a_changed_file_is_looked_at_again(tmp_path: Path) -> None:
    folder = write(tmp_path, music____init__="")
    assert not is_extension(folder, "music")
    write(tmp_path, music____init__=SETUP)
    assert is_extension(folder, "music")


def test_the_bots_own_cogs_come_first_whatever_others_are_called(tmp_path: Path) -> None:
    folder = write(tmp_path, aaa=SETUP, questions=SETUP, admin=SETUP, zoo=SETUP)
    assert find_extensions(folder) == ["cogs.admin", "cogs.questions", "cogs.aaa", "cogs.zoo"]
    configured = ["cogs.zoo", "cogs.questions", "cogs.aaa"]
    assert order_extensions(configured) == ["cogs.questions", "cogs.zoo", "cogs.aaa"]


def test_every_cog_that_is_no_sample_is_the_bots_own() -> None:
    samples = {"dice", "polls", "quotes", "reminders"}
    names = {each.rpartition(".")[2] for each in find_extensions(ROOT / "cogs")}
    assert {name for name in names if is_own_cog(name)} == names - samples
