"""Who could see an action: everyone who reads the dev channel, or fewer people."""

import dis
import functools
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from types import CodeType, TracebackType
from typing import Any

import discord
from theseus_observe.failures.safe_access import attempt, get_traceback

from bot.client._answer_shapes import get_payload
from bot.client._exchanges import ActionExchange, SentRequest, get_current_exchange
from bot.client._handler_lines import find_handler_lines
from bot.domain.audience import Audience

_EPHEMERAL = 1 << 6
_UNDECIDED = (6, 8, 9)  # kinds of response: a deferred update, choices, a form
_NAME = "ephemeral"  # of the argument by which a cog answers one person alone
# The code of a sample call with `**`, in which the names of the arguments cannot be seen.
_HIDING = (lambda call, names: call(**names)).__code__


class AudienceFinder:
    """Finds who could see what was asked and answered. In doubt it is private."""

    def __init__(self, client: discord.Client, dev_channel_id: int) -> None:
        self._client = client
        self._dev_channel_id = dev_channel_id

    def find_of_place(self, guild_id: int | None, channel_id: int | None) -> Audience:
        """Return who can read what is said in a channel."""
        guild = self._client.get_guild(guild_id) if guild_id else None
        channel = guild.get_channel_or_thread(channel_id) if guild and channel_id else None
        if guild is None or channel is None:
            return Audience.PRIVATE  # a direct message, or a channel that is not known
        return Audience.TEAM if self._is_open(guild, channel) else Audience.PRIVATE

    def find_of_interaction(
        self, interaction: discord.Interaction, error: BaseException | None = None
    ) -> Audience:
        """Return who could see an interaction that has ended, with an `error` if it failed.

        One that failed before any answer is private if its code can answer one person alone, and so
        is one that cannot be judged: its record must not be lost for that.
        """
        return attempt(partial(self._find_of_interaction, interaction, error), Audience.PRIVATE)

    def _find_of_interaction(
        self, interaction: discord.Interaction, error: BaseException | None
    ) -> Audience:
        place = self.find_of_place(interaction.guild_id, interaction.channel_id)
        if place is Audience.PRIVATE or interaction.type is discord.InteractionType.autocomplete:
            return Audience.PRIVATE
        message = interaction.message
        if message is not None and message.flags.ephemeral:
            return Audience.PRIVATE
        exchange = get_current_exchange()
        answers = exchange.answers if exchange is not None else []
        if any(map(is_private_answer, answers)):
            return Audience.PRIVATE
        if error is not None and not any(map(_is_answer, answers)) and _can_answer_privately(error):
            return Audience.PRIVATE
        return Audience.TEAM

    def find_of_exchange(self, exchange: ActionExchange) -> Audience:
        """Return who could see an exchange that is over and went well."""
        event = exchange.payload
        guild_id, message = event.get("guild_id"), event.get("message") or {}
        place = self.find_of_place(int(guild_id) if guild_id else None, int(event["channel_id"]))
        is_private = (
            exchange.kind == "autocomplete"
            or bool(int(message.get("flags") or 0) & _EPHEMERAL)
            or any(map(is_private_answer, exchange.answers))
        )
        return Audience.PRIVATE if is_private else place

    def _is_open(self, guild: discord.Guild, channel: Any) -> bool:
        """Return whether everyone who reads the dev channel can read this one."""
        if isinstance(channel, discord.Thread):
            if channel.is_private() or channel.parent is None:
                return False
            channel = channel.parent
        if channel.id == self._dev_channel_id or _is_for_everyone(channel):
            return self._is_dev_guild(guild)
        dev = guild.get_channel(self._dev_channel_id)
        if dev is None:
            return False
        if not all(_can_read(channel, role) for role in guild.roles if _can_read(dev, role)):
            return False
        # Permissions of roles add up. So single members matter only if a rule denies reading or is
        # about one person. Otherwise thousands of members need not be checked.
        if not (_has_denials(channel) or _has_rules_for_people(dev)):
            return True
        if any(isinstance(each, discord.Object) for each in dev.overwrites):
            return False  # a person who is not in the cache may be able to read the dev channel
        return all(_can_read(channel, each) for each in guild.members if _can_read(dev, each))

    def _is_dev_guild(self, guild: discord.Guild) -> bool:
        """Return whether the team is in this server; without a dev channel it is in any."""
        dev = self._client.get_channel(self._dev_channel_id)
        return dev is None or getattr(dev, "guild", None) == guild


def is_private_answer(sent: SentRequest) -> bool:
    """Return whether Discord was asked to show an answer to one person alone."""
    payload = get_payload(sent)
    inner = payload.get("data")
    flags = (inner if isinstance(inner, Mapping) else payload).get("flags")
    return _is_answer(sent) and bool(int(flags or 0) & _EPHEMERAL)


def _is_answer(sent: SentRequest) -> bool:
    """Return whether people see the response; a form or a silent deferral does not count."""
    if sent.path.endswith("/callback"):
        return get_payload(sent).get("type") not in _UNDECIDED
    return sent.path.startswith("/webhooks/")


def _is_for_everyone(channel: Any) -> bool:
    """Return whether no rule of the channel keeps anyone from reading it."""
    everyone = channel.guild.default_role
    rules = channel.overwrites.values()
    closed = any(rule.view_channel is False or rule.connect is False for rule in rules)
    return _can_read(channel, everyone) and not closed


def _has_denials(channel: Any) -> bool:
    """Return whether a rule denies reading to a role other than @everyone, or to a person."""
    everyone = channel.guild.default_role
    rules = (rule for target, rule in channel.overwrites.items() if target != everyone)
    return any(rule.view_channel is False or rule.connect is False for rule in rules)


def _has_rules_for_people(channel: Any) -> bool:
    return not all(isinstance(target, discord.Role) for target in channel.overwrites)


def _can_read(channel: Any, reader: Any) -> bool:
    allowed = channel.permissions_for(reader)
    is_voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return bool(allowed.view_channel and (allowed.connect or not is_voice))


def _can_answer_privately(error: BaseException) -> bool:
    """Return whether the functions that failed, or functions they call by name, answer privately.

    An answer in an exception handler is not counted, because it replies to another failure, unless
    the handler itself failed.
    """
    return any(
        _can_pass_ephemeral(code, module)
        or (_has_ephemeral_name(code) and line in find_handler_lines(code))
        for code, line, module in _walk_functions(get_traceback(error))
    )


def _walk_functions(traceback: TracebackType | None) -> Iterator[tuple[CodeType, int, str]]:
    library = discord.__name__
    while traceback is not None:
        frame = traceback.tb_frame
        module = str(frame.f_globals.get("__name__", ""))
        if module.split(".")[0] != library and not module.startswith(__package__):
            yield frame.f_code, traceback.tb_lineno, module
        traceback = traceback.tb_next


@functools.lru_cache(maxsize=1_024)
def _can_pass_ephemeral(code: CodeType, module: str) -> bool:
    """Return whether code, or what it calls by name in its module, may pass the argument.

    A call with `**` or a partial hides the names of its arguments, so it may.
    """
    seen: set[CodeType] = set()
    found = _list_functions(module)
    waiting = [code]
    while waiting:
        code = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        if _has_ephemeral_argument(code) or _has_hidden_names(code):
            return True
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]
        waiting += [found[name] for name in code.co_names if name in found]
    return False


def _has_ephemeral_name(code: CodeType) -> bool:
    return any(map(_has_name, code.co_consts))


def _has_ephemeral_argument(code: CodeType) -> bool:
    """Return whether code passes the argument anywhere but in an exception handler."""
    if not _has_ephemeral_name(code):
        return False
    lines = [
        each.positions.lineno if each.positions is not None else None
        for each in dis.get_instructions(code)
        if _has_name(_get_constant(each, code))
    ]
    handlers = find_handler_lines(code)
    return not lines or any(line not in handlers for line in lines)


def _get_constant(instruction: dis.Instruction, code: CodeType) -> object:
    """Return an instruction's constant; Python 3.11 and 3.12 leave out that of `KW_NAMES`."""
    is_left_out = instruction.opname == "KW_NAMES" and instruction.arg is not None
    return code.co_consts[instruction.arg or 0] if is_left_out else instruction.argval


def _has_hidden_names(code: CodeType) -> bool:
    calls = (each for each in dis.get_instructions(code) if each.opname == "CALL_FUNCTION_EX")
    return any(each.arg is None or each.arg & 1 for each in calls)


def _has_name(value: object) -> bool:
    return value == _NAME or (isinstance(value, tuple) and any(map(_has_name, value)))


def _list_functions(module: str) -> dict[str, CodeType]:
    """Return the functions and methods of a module, by their names."""
    names = vars(sys.modules[module]) if module in sys.modules else {}
    classes = [each for each in names.values() if issubclass(type(each), type)]
    own = [each for each in classes if attempt(partial(_is_of, each, module), False)]
    members = [item for each in own for item in vars(each).items()]
    # A module may hold anything: settings that raise until they are loaded, a proxy of a request.
    codes = {
        name: attempt(partial(_get_code, value), None) for name, value in (*names.items(), *members)
    }
    return {name: code for name, code in codes.items() if code is not None}


def _is_of(kind: type, module: str) -> bool:
    return kind.__module__ == module


def _get_code(value: Any) -> CodeType | None:
    """Return the code of a function, or of a command's callback. May raise what `value` raises."""
    if isinstance(value, partial):
        return _HIDING
    function = getattr(value, "callback", value)
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    return code if type(code) is CodeType else None
