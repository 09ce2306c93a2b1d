"""Text commands by mention: which messages run one, and which only speak of it.

`@Bot whois alice` runs the command; `@Bot whois is broken, fix it` is said to the bot.
"""

from typing import Any

from discord.ext import commands

from bot.authority.decisions import parse_decision
from bot.grammar import Intent, Setting, parse

_WORK = (Intent.FIX, Intent.INVESTIGATE, Intent.CHANGE)
_ADDRESSED = Setting(addressed=True)


def is_for_the_bot(ctx: commands.Context[Any]) -> bool:
    """Return whether a message that begins with a command's name is addressed to the bot instead.

    A decision such as "stop" always is, so that no cog can take it from people by naming a command
    like it. A request for work on the command itself is too. This applies only to mentions: after a
    prefix of commands, every message is a command.
    """
    if ctx.command is None or not _is_mention(ctx):
        return False
    text = ctx.message.content.removeprefix(ctx.prefix or "").strip()
    return parse_decision(text) is not None or _is_about(ctx.command, text)


def _is_mention(ctx: commands.Context[Any]) -> bool:
    """Return whether the command follows a mention of the bot, not a prefix of commands."""
    return ctx.prefix in commands.when_mentioned(ctx.bot, ctx.message)


def _is_about(called: commands.Command[Any, ..., Any], text: str) -> bool:
    """Return whether the text asks for work on the command itself.

    If the text also fits the parameters of the command, the subject of the work must be the
    command's name alone: `todo the printer is broken, fix it` adds an item to a list.
    """
    command, words = _find_innermost(called, text.split())
    asked = parse(text, _ADDRESSED)
    if asked.intent not in _WORK:
        return False
    subject = asked.slots.subject.split()
    name = text.split()[: len(text.split()) - len(words)]
    if subject[: len(name)] != name:
        return False
    return subject == name or not _can_take(command, len(words))


def _find_innermost(
    command: commands.Command[Any, ..., Any], tokens: list[str]
) -> tuple[commands.Command[Any, ..., Any], list[str]]:
    """Return the command or subcommand that the text names, and the remaining tokens."""
    rest = tokens[1:]
    while isinstance(command, commands.Group) and rest and rest[0] in command.all_commands:
        command, rest = command.all_commands[rest[0]], rest[1:]
    return command, rest


def _can_take(command: commands.Command[Any, ..., Any], count: int) -> bool:
    """Return whether the command has parameters for this number of words."""
    parameters = command.clean_params.values()
    open_ended = (commands.Parameter.KEYWORD_ONLY, commands.Parameter.VAR_POSITIONAL)
    if any(each.kind in open_ended for each in parameters):
        return True
    greedy = any(isinstance(each.converter, commands.Greedy) for each in parameters)
    return greedy or count <= len(parameters)
