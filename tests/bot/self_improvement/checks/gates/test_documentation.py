"""Documents follow commands whose presentation changes."""

from pathlib import Path

from bot.domain.gates import GateResult
from bot.proof.command_texts import read_commands
from bot.self_improvement.checks.gates.documentation import DocumentationGate
from tests.support.gate_cases import make_case

COG = '''
from discord import app_commands
from discord.ext import commands

class Coins(commands.Cog):
    piles = app_commands.Group(name="pile", description="Piles.")

    @app_commands.command()
    @app_commands.describe(sides="How many sides")
    async def flip(self, interaction, sides: int = 2):
        """Flip a coin."""

    @piles.command(name="add", description="Add one.")
    async def add_one(self, interaction):
        pass
'''
OPTION = COG.replace("sides: int = 2", "sides: int = 2, twice: bool = False")
README = "# Bot\n\n## Coins\n\n`/flip` has sides.\n\n## Piles\n\nUse /pile add.\n"


async def judge(folder: Path, base: dict[str, str], head: dict[str, str]) -> GateResult:
    case = await make_case(folder, base, head)
    return (await DocumentationGate().judge(case)).result


def test_commands_are_read_with_their_groups_options_and_help() -> None:
    found = read_commands(COG)
    assert found.keys() == {"flip", "pile add"}
    assert found["flip"].description == "Flip a coin."
    assert found["flip"].options == (("sides", "int = 2", "How many sides"),)
    assert read_commands("def (") == {}


async def test_a_new_option_that_no_document_tells_of_is_named(tmp_path: Path) -> None:
    base = {"cogs/coins.py": COG, "README.md": README}
    found = await judge(tmp_path, base, {"cogs/coins.py": OPTION})
    assert (found.status, found.details) == (
        "failed",
        (
            "`/flip` has changed options (`twice`), but is described as before in `README.md`",
            "`/flip`: the new option `twice` has no description",
        ),
    )


async def test_a_section_that_follows_is_enough(tmp_path: Path) -> None:
    base = {"cogs/coins.py": COG, "README.md": README}
    described = OPTION.replace('sides="How', 'twice="Two coins", sides="How')
    head = {"cogs/coins.py": described, "README.md": README.replace("sides.", "sides, or two.")}
    assert (await judge(tmp_path, base, head)).summary == "the documents follow `/flip`"


async def test_a_change_elsewhere_in_the_document_is_not_enough(tmp_path: Path) -> None:
    base = {"cogs/coins.py": COG, "docs/coins.md": README}
    head = {
        "cogs/coins.py": COG.replace("Flip a coin.", "Toss it."),
        "docs/coins.md": README.replace("Use", "Type"),
    }
    found = await judge(tmp_path, base, head)
    assert found.details == (
        "`/flip` has another description, but is described as before in `docs/coins.md`",
    )


async def test_a_new_command_belongs_where_the_others_are(tmp_path: Path) -> None:
    more = COG + (
        '\n    @app_commands.command(description="Spin.")\n'
        "    async def spin(self, interaction):\n        pass\n"
    )
    base = {"cogs/coins.py": COG, "README.md": README, "docs/else.md": "Nothing of it.\n"}
    found = await judge(tmp_path, base, {"cogs/coins.py": more})
    assert found.details == ("`/spin` is new, but is not mentioned in `README.md`",)
    undocumented = await judge(tmp_path / "2", {"cogs/coins.py": COG}, {"cogs/coins.py": more})
    assert undocumented.status == "passed"


async def test_a_change_inside_a_command_is_no_matter_for_documents(tmp_path: Path) -> None:
    base = {"cogs/coins.py": COG, "README.md": README}
    head = {"cogs/coins.py": COG.replace("        pass", "        return None")}
    assert (await judge(tmp_path, base, head)).status == "passed"
