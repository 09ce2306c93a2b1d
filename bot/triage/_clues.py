"""What a capsule says about whose fault a failure is, text of unknown origin left out."""

import re
import sys
from dataclasses import dataclass
from functools import cached_property

from bot.domain.journal import Capsule

# Programs that answer over a network. Discord's client is there in its parts: much of it only
# waits for people.
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
_OWN = frozenset({"bot", "cogs", "local_discord", "tests", "bench"})
_STATUS = {
    # Formats of known types: what stands there is the status itself, whatever text follows.
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
_ANSWERED_TOO_LATE = "bot.telemetry.delays.AnsweredTooLate"
_EVENT_LOOP_BLOCKED = "bot.telemetry.delays.EventLoopBlocked"
_UNKNOWN_INTERACTION = "404 Not Found (error code: 10062)"  # as discord.py words it


@dataclass(frozen=True)
class Clues:
    """A capsule, asked the questions that decide."""

    capsule: Capsule

    @property
    def name(self) -> str:
        """The exception's own name, without its module."""
        return self.capsule.exception.rpartition(".")[2]

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The exception's type and all its bases."""
        return frozenset((self.capsule.exception, *self.capsule.kinds))

    @property
    def behind(self) -> frozenset[str]:
        """The exception's type and bases, and what it was wrapped in."""
        return self.kinds | frozenset(self.capsule.causes)

    @property
    def package(self) -> str:
        """The package that defines the exception; empty for Python's own."""
        return self.capsule.exception.partition(".")[0] if "." in self.capsule.exception else ""

    @property
    def own_type(self) -> bool:
        """Whether this project defines the exception."""
        return self.package in self._own_packages

    @property
    def vendor(self) -> bool:
        """Whether somebody else's package defines it: neither Python nor this project."""
        package = self.package
        return bool(package) and not self.own_type and package not in sys.stdlib_module_names

    @property
    def network_programs(self) -> tuple[str, ...]:
        """The network programs our innermost line called."""
        return tuple(
            each
            for each in self.capsule.libraries
            if each in _NETWORK or each.partition(".")[0] in _NETWORK
        )

    @property
    def is_storage(self) -> bool:
        """Whether it was raised in what keeps our own files."""
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
        """Whether a line of this project was on the way."""
        return bool(self.capsule.frames)

    @property
    def place(self) -> str:
        """Our innermost line: `cogs/dice.py:12`."""
        frame = self.capsule.innermost
        return f"`{frame.file}:{frame.line}`" if frame else ""

    @cached_property
    def status(self) -> int | None:
        """The HTTP status another side answered; of an older record, as its own type spells it."""
        if self.capsule.status is not None or self.own_type:
            return None if self.own_type else self.capsule.status
        for begin, pattern in _STATUS.items():
            if self.capsule.exception.startswith(begin):
                found = pattern.match(self.capsule.message)
                return int(found[1]) if found else None
        return None

    @cached_property
    def whose(self) -> str:
        """Who is on the other side, as far as the types tell."""
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
        """Whether Discord no longer knew the interaction: its first answer came after 3 s."""
        if self.is_late_answer:
            return True
        unknown = self.capsule.message.startswith(_UNKNOWN_INTERACTION)
        return unknown and self.is_a("discord.errors.NotFound")

    @property
    def is_late_answer(self) -> bool:
        """Whether it is known where the command stood when Discord's patience ended."""
        return self.capsule.exception == _ANSWERED_TOO_LATE

    @property
    def is_blocking(self) -> bool:
        """Whether one call kept the event loop, and was seen at that from another thread."""
        return self.capsule.exception == _EVENT_LOOP_BLOCKED

    def is_a(self, *types: str) -> bool:
        """Whether it is of one of these types, by itself or through a base."""
        return not self.kinds.isdisjoint(types)

    def was_in(self, *modules: str) -> bool:
        """Whether our innermost line had called into one of these modules."""
        return any(
            each == module or each.startswith(f"{module}.")
            for each in self.capsule.libraries
            for module in modules
        )

    def is_own(self, module: str) -> bool:
        """Whether a module is this project's."""
        return module.partition(".")[0] in self._own_packages

    @cached_property
    def _own_packages(self) -> frozenset[str]:
        frames = self.capsule.frames
        tops = {frame.module.partition(".")[0] for frame in frames if frame.module}
        return _OWN | tops
