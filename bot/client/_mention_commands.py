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
    """Return whether a message that begins with a command is said to the bot instead.

    A sentence that decides always is: no cog may take "stop" from people by naming a command so.
    So is a request for work on the command itself. With a prefix of the bot's own, all are
    commands.
    """
    if ctx.command is None or not _is_mention(ctx):
        return False
    text = ctx.message.content.removeprefix(ctx.prefix or "").strip()
    return parse_decision(text) is not None or _is_about(ctx.command, text)


def _is_mention(ctx: commands.Context[Any]) -> bool:
    """Return whether the command follows a mention of the bot, and no prefix of its own."""
    return ctx.prefix in commands.when_mentioned(ctx.bot, ctx.message)


def _is_about(called: commands.Command[Any, ..., Any], text: str) -> bool:
    """Return whether the words ask for work, and the command is what it is about.

    Where the words fit what the command takes, its name has to be all that the work is about: the
    printer of `todo the printer is broken, fix it` is what somebody has to do.
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
    """Return the command or subcommand that is named, and the words after it."""
    rest = tokens[1:]
    while isinstance(command, commands.Group) and rest and rest[0] in command.all_commands:
        command, rest = command.all_commands[rest[0]], rest[1:]
    return command, rest


def _can_take(command: commands.Command[Any, ..., Any], count: int) -> bool:
    """Return whether the command has parameters for so many words."""
    parameters = command.clean_params.values()
    open_ended = (commands.Parameter.KEYWORD_ONLY, commands.Parameter.VAR_POSITIONAL)
    if any(each.kind in open_ended for each in parameters):
        return True
    greedy = any(isinstance(each.converter, commands.Greedy) for each in parameters)
    return greedy or count <= len(parameters)
