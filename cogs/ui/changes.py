"""What becomes of a change that somebody asks for, whichever way they do; and what can be done."""

from collections import defaultdict

from bot.client import TheseusClient, abilities
from bot.domain.people import Person
from bot.presentation.wishes import capabilities, wish_kept
from cogs.ui.speakers import is_listed


async def change(bot: TheseusClient, person: Person, text: str) -> str:
    """Keep what somebody wishes for; return what they read.

    Raises what `WishService.keep` raises.
    """
    wish = await bot.agent.wishes.keep(person, text)
    return wish_kept(wish, listed=is_listed(bot, person))


async def capabilities_lines(bot: TheseusClient) -> list[str]:
    """Return what the bot can do, with what, and what people wish for, the most wanted first."""
    commands = defaultdict[str, list[str]](list)
    for each in abilities(bot):
        commands[each.cog.removeprefix("cogs.")].append(each.label)
    model = bot.chat_model
    engines = (
        f"changes: {bot.agent.engine or 'no engine'}",
        f"talk: {model.name if model else 'rules, no model'}",
    )
    return capabilities(dict(sorted(commands.items())), engines, await bot.agent.wishes.all())
