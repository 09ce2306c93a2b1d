"""Which flags code asks for is read from the source."""

from pathlib import Path

from bot.proof.flag_uses import find_flag_uses, find_flag_uses_in

COG = """
class Coins:
    async def flip(self, interaction):
        if not self.bot.flags.on("coinflip", interaction):
            return
        flags = self.bot.flags
        flags.on('best-of', None)
        lamps.on("red")
        flags.on("No Name", None)
        self.bot.flags.on(name, interaction)
        # self.bot.flags.on("commented", interaction)
        "flags.on('said', interaction)"
"""


def test_each_flag_is_told_with_the_files_that_ask_for_it() -> None:
    other = 'def a(bot): return bot.flags.on("coinflip", None)\n'
    assert find_flag_uses({"cogs/coins.py": COG, "cogs/a.py": other, "cogs/b.py": "x = 1\n"}) == {
        "best-of": ("cogs/coins.py",),
        "coinflip": ("cogs/a.py", "cogs/coins.py"),
    }


def test_what_is_no_python_asks_for_none() -> None:
    assert find_flag_uses({"cogs/coins.py": 'flags.on("coinflip", x', "a.md": "flags.on"}) == {}


def test_of_a_project_every_cog_is_read(tmp_path: Path) -> None:
    inner = tmp_path / "cogs" / "coins"
    inner.mkdir(parents=True)
    (inner / "_flip.py").write_text('flags.on("coinflip", x)\n')
    (tmp_path / "cogs" / "odd.py").write_bytes(b"\xff\xfe flags.on(")
    assert find_flag_uses_in(tmp_path) == {"coinflip": ("cogs/coins/_flip.py",)}
    assert find_flag_uses_in(tmp_path / "nowhere") == {}
