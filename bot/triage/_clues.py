"""Clues in a capsule about the origin of a failure, without text of unknown origin."""

import re
import sys
from dataclasses import dataclass
from functools import cached_property

from bot.domain.journal import Capsule

# Packages that use a network. Discord's client is listed by module, because much of it only waits
# for people.
_NETWORK = frozenset({
    "aiodns", "aiohttp", "aiosmtplib", "anthropic", "asyncpg", "boto3", "botocore",
    "claude_agent_sdk", "ftplib", "gidgethub", "grpc", "h11", "h2", "http", "httpcore",
    "httpx", "imaplib", "nats", "openai", "poplib", "psycopg", "psycopg2", "pycares", "pymongo",
    "redis", "requests", "smtplib", "socket", "ssl", "urllib", "urllib3", "websockets",
    "discord.gateway", "discord.http", "discord.voice_client", "discord.webhook",
    "asyncio.selector_events", "asyncio.sslproto", "asyncio.streams",
})  # fmt: skip
_STORAGE = frozenset({"aiosqlite", "dbm", "shelve", "sqlite3"})
_STORES = re.compile(r"sqlite|database|(?:\b|_)(?:db|store|storage|shelf)(?:\b|_)", re.IGNORECASE)
_OWN = frozenset({"bot", "cogs", "local_discord", "packages", "tests", "bench"})
_STATUS = {
    # Message formats of known types: the number at this place is always the status.
    "discord.errors.": re.compile(r"(\d{3}) "),
    "aiohttp.client_exceptions.": re.compile(r"(\d{3}), message="),
    "urllib.error.HTTPError": re.compile(r"HTTP Error (\d{3}):"),
}
_HOSTS = {
    "aiohttp.client_exceptions.ClientResponseError": re.compile(r".*, url='https?://([\w.-]+)"),
    "aiohttp.client_exceptions.": re.compile(r"Cannot connect to host ([\w.-]+):"),
    "httpx.HTTPStatusError": re.compile(r"\w+ error '.*' for url 'https?://([\w.-]+)"),
}
_SERVICES = {
    "discord": "Discord",
    "anthropic": "Anthropic",
    "claude_agent_sdk": "the model's provider",
    "gidgethub": "GitHub",
    "openai": "OpenAI",
}
_LONGEST_HOST = 80
# The second name is that of records of older versions.
_ANSWERED_TOO_LATE = (
    "theseus_observe.failures.delays.AnsweredTooLate",
    "bot.telemetry.delays.AnsweredTooLate",
)
_EVENT_LOOP_BLOCKED = (
    "theseus_observe.failures.delays.EventLoopBlocked",
    "bot.telemetry.delays.EventLoopBlocked",
)
_UNKNOWN_INTERACTION = "404 Not Found (error code: 10062)"  # as discord.py words it


@dataclass(frozen=True)
class Clues:
    """A capsule, with the properties that decide."""

    capsule: Capsule

    @property
    def name(self) -> str:
        """The exception's name, without its module."""
        return self.capsule.exception.rpartition(".")[2]

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The exception's type and all its bases."""
        return frozenset((self.capsule.exception, *self.capsule.kinds))

    @property
    def behind(self) -> frozenset[str]:
        """The exception's type and bases, and the types it was wrapped in."""
        return self.kinds | frozenset(self.capsule.causes)

    @property
    def package(self) -> str:
        """The package that defines the exception; empty for a built-in one."""
        return self.capsule.exception.partition(".")[0] if "." in self.capsule.exception else ""

    @property
    def own_type(self) -> bool:
        """True if this project defines the exception."""
        return self.package in self._own_packages

    @property
    def vendor(self) -> bool:
        """True if a third-party package defines the exception."""
        package = self.package
        return bool(package) and not self.own_type and package not in sys.stdlib_module_names

    @property
    def network_programs(self) -> tuple[str, ...]:
        """The network packages that our innermost line called."""
        return tuple(
            each
            for each in self.capsule.libraries
            if each in _NETWORK or each.partition(".")[0] in _NETWORK
        )

    @property
    def is_storage(self) -> bool:
        """True if it was raised in code that stores our own files."""
        if any(each.partition(".")[0] in _STORAGE for each in self.capsule.libraries):
            return True
        frame = self.capsule.innermost
        if frame is None or self.network_programs:
            return False
        return bool(
            _STORES.search(" ".join((frame.file, frame.function, *frame.arguments, *frame.opaque)))
        )

    @property
    def ours(self) -> bool:
        """True if the traceback has a line of this project."""
        return bool(self.capsule.frames)

    @property
    def place(self) -> str:
        """Our innermost line, as people read it: `cogs/dice.py:12`."""
        frame = self.capsule.innermost
        return f"`{frame.file}:{frame.line}`" if frame else ""

    @cached_property
    def status(self) -> int | None:
        """The HTTP status of the other side; in older records it is read from the message."""
        if self.capsule.status is not None or self.own_type:
            return None if self.own_type else self.capsule.status
        for begin, pattern in _STATUS.items():
            if self.capsule.exception.startswith(begin):
                found = pattern.match(self.capsule.message)
                return int(found[1]) if found else None
        return None

    @cached_property
    def whose(self) -> str:
        """The service on the other side, as far as the types show."""
        for package in (self.package, *(each.partition(".")[0] for each in self.network_programs)):
            if package in _SERVICES:
                return _SERVICES[package]
        for begin, pattern in _HOSTS.items():
            if self.capsule.exception.startswith(begin):
                found = pattern.match(self.capsule.message)
                if found:
                    return f"`{found[1][:_LONGEST_HOST]}`"
        return "another service"

    @property
    def answered_late(self) -> bool:
        """True if Discord no longer knew the interaction: its first answer came after 3 s."""
        if self.is_late_answer:
            return True
        unknown = self.capsule.message.startswith(_UNKNOWN_INTERACTION)
        return unknown and self.is_a("discord.errors.NotFound")

    @property
    def is_late_answer(self) -> bool:
        """True if it is known where the command was when Discord's time limit ended."""
        return self.capsule.exception in _ANSWERED_TOO_LATE

    @property
    def is_blocking(self) -> bool:
        """True if one call blocked the event loop, as observed from another thread."""
        return self.capsule.exception in _EVENT_LOOP_BLOCKED

    def is_a(self, *types: str) -> bool:
        """Return whether the exception is of one of these types, directly or through a base."""
        return not self.kinds.isdisjoint(types)

    def was_in(self, *modules: str) -> bool:
        """Return whether our innermost line had called into one of these modules."""
        return any(
            each == module or each.startswith(f"{module}.")
            for each in self.capsule.libraries
            for module in modules
        )

    def is_own(self, module: str) -> bool:
        """Return whether a module belongs to this project."""
        return module.partition(".")[0] in self._own_packages

    @cached_property
    def _own_packages(self) -> frozenset[str]:
        frames = self.capsule.frames
        tops = {frame.module.partition(".")[0] for frame in frames if frame.module}
        return _OWN | tops
