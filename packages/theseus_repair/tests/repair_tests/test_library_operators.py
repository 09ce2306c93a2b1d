"""Edits by what the bot's own discord.py has: members, parameters, coroutines, base methods."""

import pytest
from repair_tests.edit_proposals import list_proposals
from theseus_repair.library import Library
from theseus_repair.library_reader import load_library
from theseus_repair.model import Crash, TraceFrame

# A library as it may be installed: read, never imported.
ASSETS = """
class Asset:
    @property
    def url(self) -> str: ...
"""
MODELS = """
raise RuntimeError("nothing of the library is run")

if True:
    class _Tagged:
        @property
        def default_avatar(self) -> Asset: ...
        @property
        def avatar(self) -> Optional[Asset]: ...
        @property
        def display_avatar(self) -> Asset: ...

class Member(_Tagged):
    __slots__ = ("joined_at",)

class MissingPermissions:
    def __init__(self, missing_permissions):
        self.missing_permissions = missing_permissions

class Intents:
    @classmethod
    def all(cls): ...
    @classmethod
    def default(cls): ...

class Bot:
    def __init__(self, prefix, *, intents): ...
    async def add_cog(self, cog): ...
    async def on_message(self, message): ...
    def run(self, token): ...

class View:
    def __init__(self, *, timeout=180): ...

class Level(Enum):
    low = 1
    high = 2
    highest = 3

class Role:
    async def edit(self, *, name=None, colour=None): ...
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    environment = tmp_path_factory.mktemp("environment")
    folder = environment / "lib/python3.12/site-packages/discord"
    (folder / "types").mkdir(parents=True)
    (folder / "asset.py").write_text(ASSETS)
    (folder / "models.py").write_text(MODELS)
    (folder / "broken.py").write_text("class {{ name }}:\n")
    (folder / "types/member.py").write_text("class Member:\n    avatar: str\n")
    return load_library(environment / "bin/python")


HEAD = "import discord\n\n\nasync def run(ctx, role, bot):\n    "
LINES = [
    ("return ctx.author.avatar_url", "return ctx.author.display_avatar.url",
     "'Member' object has no attribute 'avatar_url'"),
    ("return ctx.author.joined", "return ctx.author.joined_at",
     "'Member' object has no attribute 'joined'"),
    ("return ctx.missing_perms", "return ctx.missing_permissions",
     "'MissingPermissions' object has no attribute 'missing_perms'"),
    ("await role.edit(color=1)", "await role.edit(colour=1)",
     "Role.edit() got an unexpected keyword argument 'color'"),
    ("await role.edit(mood=1)", "await role.edit()",
     "Role.edit() got an unexpected keyword argument 'mood'"),
    ("return discord.Bot('!')", "return discord.Bot('!', intents=discord.Intents.all())",
     "Bot.__init__() missing 1 required keyword-only argument: 'intents'"),
    ("return {1: discord.Level.high, 2: discord.Level.extreme, 3: discord.Level.extreme}",
     "return {1: discord.Level.high, 2: discord.Level.highest, 3: discord.Level.highest}",
     "type object 'Level' has no attribute 'extreme'"),
    ("bot.add_cog(1)", "await bot.add_cog(1)", ""),
]  # fmt: skip


@pytest.mark.parametrize(("faulty", "right", "said"), LINES, ids=[row[0] for row in LINES])
def test_names_of_another_version_become_those_that_are_installed(
    library: Library, faulty: str, right: str, said: str
) -> None:
    crash = Crash("TypeError" if "()" in said else "AttributeError", said,
                  (TraceFrame("m.py", 5),)) if said else Crash("")  # fmt: skip

    made = list_proposals(f"{HEAD}{faulty}\n", crash, library)

    assert f"{HEAD}{right}\n" in made
    if said:
        assert sorted(made.values(), reverse=True).index(made[f"{HEAD}{right}\n"]) < 12


def test_without_the_library_no_name_is_made_up() -> None:
    crash = Crash("AttributeError", "'Member' object has no attribute 'avatar_url'",
                  (TraceFrame("m.py", 5),))  # fmt: skip
    made = list_proposals(f"{HEAD}return ctx.author.avatar_url\n", crash)

    assert not any("display_avatar" in text for text in made)


def test_an_await_that_the_library_needs_is_never_dropped(library: Library) -> None:
    text = f"{HEAD}await bot.add_cog(1)\n"

    assert f"{HEAD}bot.add_cog(1)\n" not in list_proposals(text, Crash(""), library)
    assert f"{HEAD}bot.add_cog(1)\n" in list_proposals(text)


def test_a_view_that_never_initialised_its_base_does_so_first(library: Library) -> None:
    before = "class Again(discord.View):\n    def __init__(self, timeout):\n        self.bot = 1\n"
    crash = Crash("AttributeError", "'Again' object has no attribute '_View__stopped'")

    made = list_proposals(before, crash, library)

    line = "        super().__init__(timeout=timeout)\n"
    assert before.replace("        self", f"{line}        self") in made
    called = before.replace("        self", "        discord.View.__init__(self)\n        self")
    assert not any("super()" in text for text in list_proposals(called, crash, library))


def test_a_method_that_replaces_the_librarys_calls_it(library: Library) -> None:
    text = (
        "class Shop(discord.Bot):\n    async def on_message(self, message):\n"
        "        print(message)\n\n    async def open(self):\n        print(1)\n"
    )
    made = list_proposals(text, Crash(""), library)

    line = "        await super().on_message(message)\n"
    assert text.replace("print(message)\n", f"print(message)\n{line}") in made
    assert not any("super().open" in each for each in made)


def test_callbacks_that_never_respond_do_so_alone_or_all_of_a_class() -> None:
    head = (
        "class Setup(View):\n    async def one(self, interaction, select):\n        self.one = 1\n"
    )
    other = "\n    async def two(self, i: discord.Interaction, select):\n        self.two = 1\n"
    answered = (
        "\n    async def three(self, interaction):\n        await interaction.response.defer()\n"
    )
    defer = "        await {}.response.defer()\n"

    made = list_proposals(head + other + answered)

    first, second = head + defer.format("interaction"), other + defer.format("i")
    assert first + other + answered in made
    assert first + second + answered in made
    assert not any("defer()\n        await interaction" in text for text in made)


@pytest.mark.parametrize(
    ("faulty", "right", "said"),
    [
        ("if conf.muted():\n        store['loud'] = 1",
         "if conf.loud():\n        store['loud'] = 1", ""),
        ("x = conf.of(store).limit()\n    conf.of(store).set(x)",
         "x = conf.of(store).limit()\n    conf.of(store).limit.set(x)", ""),
        ("return '{role.name}'.format(role=store.name)", "return '{role.name}'.format(role=store)",
         "'str' object has no attribute 'name'"),
        ("return re.compile(conf)", "return conf", ""),
    ],
)  # fmt: skip
def test_names_nearby_show_what_a_chain_lacks(faulty: str, right: str, said: str) -> None:
    head = "import re\n\n\ndef f(conf, store):\n    "
    crash = Crash("AttributeError", said, (TraceFrame("m.py", 5),)) if said else None

    assert f"{head}{right}\n" in list_proposals(f"{head}{faulty}\n", crash)
