"""Dice: `/roll 4d6kh3+1` shows every die and the total."""

import random
import re
from dataclasses import dataclass

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient

D6_FACES = "⚀⚁⚂⚃⚄⚅"
NOTATION = re.compile(
    r"(?P<count>\d{0,6})d(?P<sides>\d{1,6}|%)"
    r"(?:kh(?P<keep>\d{1,6}))?"
    r"(?P<bonus>[+-]\d{1,6})?",
    re.IGNORECASE | re.ASCII,
)
MAX_DICE = 50
MAX_SIDES = 1000
MAX_BONUS = 10_000
EXAMPLES = "Try `2d6`, `d20+3`, `d%` or `4d6kh3` (roll four, keep the highest three)."


class NotationError(Exception):
    """What was typed is not a roll; the text is a reply for the person who typed it."""


@dataclass(frozen=True)
class Roll:
    """A parsed roll: `count` dice of `sides`, plus `bonus`; `keep` is None when all dice count."""

    count: int
    sides: int
    keep: int | None
    bonus: int


def parse_notation(text: str) -> Roll:
    """Read dice notation, `[count]d(sides|%)[khN][+-bonus]`; spaces and case do not matter.

    Raises NotationError, its text fit to show, for anything else and for rolls over the limits.
    """
    match = NOTATION.fullmatch("".join(text.split()))
    if match is None:
        raise NotationError(f"`{text[:40]}` is not a roll I know. {EXAMPLES}")
    count = int(match["count"] or 1)
    sides = 100 if match["sides"] == "%" else int(match["sides"])
    keep = None if match["keep"] is None else int(match["keep"])
    bonus = int(match["bonus"] or 0)
    check_limits(count, sides, keep, bonus)
    return Roll(count, sides, keep, bonus)


def check_limits(count: int, sides: int, keep: int | None, bonus: int) -> None:
    """Raise NotationError if a roll is too large, or keeps more dice than it rolls."""
    if not 1 <= count <= MAX_DICE:
        raise NotationError(f"I roll between 1 and {MAX_DICE} dice at once, not {count}.")
    if not 2 <= sides <= MAX_SIDES:
        raise NotationError(f"My dice have between 2 and {MAX_SIDES} sides, not {sides}.")
    if keep is not None and not 1 <= keep <= count:
        raise NotationError(f"You can keep between 1 and {count} of {count} dice, not {keep}.")
    if abs(bonus) > MAX_BONUS:
        raise NotationError(f"A bonus goes up to {MAX_BONUS} either way, not {bonus:+d}.")


def format_face(value: int, sides: int) -> str:
    """One die as people see it: pips for a six-sided die, the number in brackets otherwise."""
    if sides == 6:
        return D6_FACES[value - 1]
    return f"[{value}]"


def keep_highest(rolls: list[int], keep: int) -> list[bool]:
    """Say for every roll whether it counts; of equal rolls the earlier one is kept."""
    order = sorted(range(len(rolls)), key=rolls.__getitem__, reverse=True)
    kept = set(order[:keep])
    return [at in kept for at in range(len(rolls))]


def describe_near_miss(rolls: list[int], keep: int) -> str:
    """Name the best die that was dropped; empty when every die counts."""
    if keep >= len(rolls):
        return ""
    best = sorted(rolls, reverse=True)[keep]
    return f"best dropped: {best}"


def show_dice(rolls: list[int], keep_mask: list[bool], sides: int) -> str:
    """The dice in the order they fell, dropped ones struck through."""
    shown = []
    for value, counts in zip(rolls, keep_mask, strict=True):
        drawn = format_face(value, sides)
        shown.append(drawn if counts else f"~~{drawn}~~")
    return " ".join(shown)


def describe_roll(rolls: list[int], sides: int, keep: int | None, bonus: int) -> str:
    """The whole answer: every die, the bonus and the total; `keep` None counts all dice."""
    kept = keep_highest(rolls, len(rolls) if keep is None else keep)
    total = bonus
    for value, counts in zip(rolls, kept, strict=True):
        total += value if counts else 0
    dice = show_dice(rolls, kept, sides)
    plus = f" {'+' if bonus > 0 else '-'} {abs(bonus)}" if bonus else ""
    aside = "" if keep is None else describe_near_miss(rolls, keep)
    return f"{dice}{plus} = **{total}**" + (f" ({aside})" if aside else "")


class Dice(commands.Cog):
    """Rolls dice; `rng` is the only source of luck, so that a seed repeats a game."""

    def __init__(self, bot: TheseusClient, rng: random.Random | None = None) -> None:
        self.bot = bot
        self.rng = rng or random.Random()

    @app_commands.command(name="roll", description="Roll dice, such as 2d6, d20+3 or 4d6kh3")
    @app_commands.describe(dice="What to roll: 2d6, d20+3, d%, 4d6kh3 (keep the highest three)")
    async def roll(self, interaction: discord.Interaction, dice: str = "1d6") -> None:
        """Answer with every die and the total, or say what is wrong with the notation."""
        try:
            wanted = parse_notation(dice)
        except NotationError as error:
            await interaction.response.send_message(str(error), ephemeral=True)
            return
        rolls = [self.rng.randint(1, wanted.sides) for _ in range(wanted.count)]
        answer = describe_roll(rolls, wanted.sides, wanted.keep, wanted.bonus)
        await interaction.response.send_message(f"🎲 {answer}")


async def setup(bot: TheseusClient) -> None:
    """Add the cog; called by discord.py."""
    await bot.add_cog(Dice(bot))
