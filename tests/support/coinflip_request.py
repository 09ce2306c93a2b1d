"""The answers of a scripted model to "add a /coinflip command", the only request it knows."""

from collections.abc import Mapping, Sequence

from tests.twins.model import (
    Case,
    call_tool,
    fail_request,
    give_result,
    make_case,
    repeat_turn,
    say_text,
)

REQUEST = "add a /coinflip command"
COGS = {"cogs/dice.py": '"""Dice."""\n'}

SCRIPT = """\
world: {cogs: [coinflip], seed: 1}
steps:
  - command: /coinflip
"""

EXAMPLES: Sequence[Mapping[str, object]] = [
    {
        "asked": "`/coinflip`",
        "expected": "heads or tails",
        "script": SCRIPT,
        "wanted": [{"step": 0, "one_of": ["heads", "tails"]}],
        "missing": "no such command",
    },
    {
        "asked": "`/coinflip times:3`",
        "expected": "three results",
        "script": SCRIPT.replace("/coinflip", "/coinflip times:3"),
        "wanted": [{"shows": ["3 flips: "], "one_of": ["heads", "tails"]}],
        "missing": "no such command",
    },
    {
        "asked": "`/coinflip times:0`",
        "expected": "that it has to be 1 to 10",
        "script": SCRIPT.replace("/coinflip", "/coinflip times:0"),
        "wanted": [{"shows": ["1 to 10"], "hides": ["heads", "tails"]}],
        "missing": "no such command",
    },
]

TABLE = "tests/cogs/everyday_commands.json"
STEPS = [{"summary": "Add the cog", "owned_files": ["cogs/coinflip.py"]}]

COINFLIP: Mapping[str, object] = {
    "understood": "A command `/coinflip` that flips a coin and says which side is up.",
    "out_of_scope": ["No bets, and nothing is kept."],
    "examples": EXAMPLES,
    "proofs": ["behaviour"],
    "risk": "low",
    "solution": "A cog of its own with one command, which picks one of two words.",
    "steps": STEPS,
    "impact": "There is one command more.",
}

COG = '''"""Coins: `/coinflip` flips one."""

import random

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient

SIDES = ("heads", "tails")
MOST = 10


class Coinflip(commands.Cog):
    """Flips coins."""

    def __init__(self, bot: TheseusClient, rng: random.Random | None = None) -> None:
        self.bot = bot
        self.rng = rng or random.Random()

    @app_commands.command(name="coinflip", description="Flip a coin, or several")
    @app_commands.describe(times="how many, 1 to 10")
    async def coinflip(self, interaction: discord.Interaction, times: int = 1) -> None:
        """Answer heads or tails, once for each flip."""
        if not 1 <= times <= MOST:
            text = f"I flip 1 to {MOST} coins."
            await interaction.response.send_message(text, ephemeral=True)
            return
        sides = [self.rng.choice(SIDES) for _ in range(times)]
        text = sides[0] if times == 1 else f"{times} flips: {', '.join(sides)}"
        await interaction.response.send_message(text)


async def setup(bot: TheseusClient) -> None:
    """Add the cog; called by discord.py."""
    await bot.add_cog(Coinflip(bot))
'''

DOCUMENTATION_STEP = {
    "summary": "Say in the changelog and in the table of ways in that there is one more command",
    "owned_files": ["CHANGELOG.md", TABLE],
}
ONLY = "I am a scripted model, and know one request: “add a /coinflip command”."
ANYTHING_ELSE = repeat_turn(fail_request(529, message=ONLY))
NOT_KNOWN = repeat_turn(
    give_result({"objection": ONLY, "understood": "Nothing that the script knows."})
)
"""What the planner makes of a correction, of a command that is there, and of other wishes."""

_SWITCH = ("cogs: [coinflip]", "cogs: [coinflip], flags: [coinflip]")
FLAGGED: Mapping[str, object] = {
    **COINFLIP,
    "flag": "coinflip",
    "examples": [{**each, "script": str(each["script"]).replace(*_SWITCH)} for each in EXAMPLES],
}
FLAGGED_COG = COG.replace(
    """        if not 1""",
    """        if not self.bot.flags.on("coinflip", interaction):
            await interaction.response.send_message("There is no coin here yet.", ephemeral=True)
            return
        if not 1""",
)


def build_story(brief: Mapping[str, object] = COINFLIP, cog: str = COG) -> Sequence[Case]:
    """Return what the model says of that request, with this brief and this cog."""
    return [
        make_case(
            "coinflip",
            {
                "planner": [
                    call_tool("Read", file_path="docs/writing-a-cog.md"),
                    give_result({**brief, "steps": [*STEPS, DOCUMENTATION_STEP]}),
                    NOT_KNOWN,
                ],
                "executor": [
                    call_tool("Read", file_path="cogs/dice.py"),
                    call_tool("Write", file_path="cogs/coinflip.py", content=cog),
                    call_tool("Read", file_path="CHANGELOG.md", limit=20),
                    call_tool(
                        "Edit",
                        file_path="CHANGELOG.md",
                        old_string="### Added\n\n",
                        new_string="### Added\n\n- `/coinflip` flips a coin, or up to ten.\n",
                    ),
                    call_tool("Read", file_path=TABLE),
                    call_tool(
                        "Edit",
                        file_path=TABLE,
                        old_string="{\n",
                        new_string='{\n  "/coinflip": "everyday: a coin is nobody\'s",\n',
                    ),
                    call_tool("mcp__theseus__run_tests"),
                    call_tool(
                        "mcp__theseus__git_pr_create",
                        title="`/coinflip` flips a coin, or several",
                        body="A cog of its own. Its luck can be seeded; nothing is kept.",
                    ),
                    say_text("`/coinflip` flips a coin, or up to ten of them."),
                    repeat_turn(say_text(ONLY)),
                ],
                "reviewer": [
                    call_tool("Read", file_path="cogs/coinflip.py"),
                    give_result(
                        {"approve": True, "summary": "It flips coins, and says what it does not."}
                    ),
                ],
                "voice": [repeat_turn(say_text(ONLY))],
            },
        ),
        make_case(
            "",
            {
                "planner": [NOT_KNOWN],
                "executor": [ANYTHING_ELSE],
                "reviewer": [ANYTHING_ELSE],
                "voice": [repeat_turn(say_text(ONLY))],
            },
        ),
    ]


STORY = build_story()
"""For `make demo-scripted`: with it anybody sees a command being added, without a key."""
