"""Rules for failures that are not ours: this machine, its set-up, and other services."""

import re
from typing import NamedTuple

from bot.triage._clues import Clues

_SCARCE = {
    "ENOSPC": "no space is left on the disk",
    "EDQUOT": "the disk quota is used up",
    "EMFILE": "too many files are open",
    "ENFILE": "too many files are open on this machine",
    "EACCES": "a permission is missing",
    "EPERM": "a permission is missing",
    "EROFS": "the file system cannot be written",
    "EIO": "the disk does not work as it should",
    "ENOMEM": "memory is used up",
    "SQLITE_FULL": "no space is left for the database",
    "SQLITE_CANTOPEN": "the database's file cannot be opened",
    "SQLITE_READONLY": "the database cannot be written",
    "SQLITE_NOMEM": "memory is used up",
}
_SET_UP = {
    "bot.domain.errors.AgentMissing": "the engine's program is not installed",
    "bot.domain.errors.AgentUnauthorized": "the model's provider does not accept the key",
    "bot.domain.errors.AgentForbidden": "the key may not do this",
    "bot.domain.errors.CheckoutDirty": "the running checkout has changes of its own",
    "bot.domain.errors.ConfigError": "a setting is wrong",
    "bot.domain.errors.SandboxUnavailable": "there is no sandbox on this machine",
    "discord.errors.LoginFailure": "Discord does not accept the token",
    "discord.errors.PrivilegedIntentsRequired": "an intent is not switched on",
}
_PARTIES = {
    "bot.domain.errors.AgentLimited": "the model's provider",
    "bot.domain.errors.AgentOverloaded": "the model's provider",
    "bot.domain.errors.AgentSilent": "the model's provider",
    "bot.domain.errors.AgentUnavailable": "the model's provider",
    "bot.domain.errors.ChatUnavailable": "Discord",
    "bot.domain.errors.ForgePending": "the forge",
    "bot.domain.errors.ForgeUnavailable": "the forge",
}
_UNREACHED = {
    "aiohttp.client_exceptions.ClientConnectorDNSError": "its name could not be looked up",
    "socket.gaierror": "its name could not be looked up",
    "ssl.SSLError": "no secure connection could be made",
    "ConnectionRefusedError": "it refused the connection",
    "ConnectionResetError": "it broke the connection off",
    "ConnectionAbortedError": "it broke the connection off",
    "BrokenPipeError": "it broke the connection off",
    "aiohttp.client_exceptions.ServerDisconnectedError": "it broke the connection off",
    "aiohttp.client_exceptions.ClientPayloadError": "it broke off in the middle of its answer",
    "aiohttp.client_exceptions.ClientConnectionError": "it could not be reached",
    "aiohttp.http_exceptions.HttpProcessingError": "its answer was no proper HTTP",
    "anthropic.APIConnectionError": "it could not be reached",
    "discord.errors.ConnectionClosed": "it closed the connection",
    "discord.errors.GatewayNotFound": "its gateway is not there",
    "discord.errors.RateLimited": "it has us wait",
    "http.client.HTTPException": "it broke off in the middle of its answer",
    "httpx.TransportError": "it could not be reached",
    "requests.exceptions.ConnectionError": "it could not be reached",
    "requests.exceptions.Timeout": "it did not answer in time",
    "smtplib.SMTPConnectError": "it could not be reached",
    "smtplib.SMTPServerDisconnected": "it broke the connection off",
    "urllib.error.URLError": "it could not be reached",
    "urllib3.exceptions.HTTPError": "it could not be reached",
    "websockets.exceptions.ConnectionClosed": "it closed the connection",
    "ConnectionError": "the connection failed",
}
_OUR_ADDRESS = (
    "aiohttp.client_exceptions.InvalidURL",
    "httpx.InvalidURL",
    "httpx.UnsupportedProtocol",
)
_UNREACHABLE_CODES = frozenset({
    "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN",
    "ENETRESET", "ENETUNREACH", "ETIMEDOUT",
})  # fmt: skip
_CONNECTING = re.compile(
    r"(?:Connect|Connection|Network|Transport|Server|ServiceUnavailable|Unavailable|Overloaded"
    r"|RateLimit|RateLimited|TooManyRequests|Read|Write|Pool|API|Gateway)*"
    r"(?:Timeout|TimeoutError|ConnectionError|ConnectError|NetworkError|ServerError|Unavailable"
    r"|ServiceUnavailable|RateLimitError|OverloadedError|DNSError)"
)
_TIMEOUTS = (
    "TimeoutError",
    "asyncio.exceptions.TimeoutError",
    "concurrent.futures._base.TimeoutError",
)


class RuleFinding(NamedTuple):
    """The result of a rule. `sure` is true if the types alone decide."""

    why: str
    sure: bool = True
    whose: str = ""


def check_environment(clues: Clues) -> RuleFinding | None:
    """Check for a fault of this machine, or of the bot's set-up on it."""
    code = clues.capsule.code
    for known, why in _SCARCE.items():
        if code == known or code.startswith(f"{known}_"):
            return RuleFinding(f"{why} ({code})")
    if code.startswith("SQLITE_IOERR"):
        return RuleFinding(f"the disk does not work as it should ({code})")
    if clues.is_a("MemoryError"):
        return RuleFinding("memory is used up (MemoryError)")
    if clues.is_a("PermissionError"):
        return RuleFinding("a permission is missing (PermissionError)")
    for known, why in _SET_UP.items():
        if clues.is_a(known):
            return RuleFinding(f"{why} ({clues.name})")
    if clues.is_a("FileNotFoundError") and clues.was_in(
        "subprocess", "asyncio.subprocess", "asyncio.base_subprocess", "asyncio.unix_events"
    ):
        return RuleFinding("a program that is called is not installed (FileNotFoundError)")
    return _check_permission(clues) or _check_missing_module(clues)


def _check_permission(clues: Clues) -> RuleFinding | None:
    """Check for missing credentials or permissions, which a person has to grant."""
    if clues.status == 401:
        return RuleFinding(f"{clues.whose} does not accept our credentials (HTTP 401)")
    if clues.status == 403 or clues.is_a("discord.errors.Forbidden"):
        return RuleFinding(f"{clues.whose} does not permit this to the bot (HTTP 403)")
    return None


def _check_missing_module(clues: Clues) -> RuleFinding | None:
    if not clues.is_a("ModuleNotFoundError"):
        return None
    named = re.fullmatch(r"No module named '([\w.]+)'", clues.capsule.message)
    if named is None or clues.is_own(named[1]):
        return None
    return RuleFinding(f"the package `{named[1].partition('.')[0]}` is not installed")


def check_outside(clues: Clues) -> RuleFinding | None:
    """Check for a failure of another service."""
    if clues.is_a(*_OUR_ADDRESS):
        return None
    if clues.status is not None:
        failed = clues.status >= 500 or clues.status in (408, 425, 429)
        says = "has us wait" if clues.status == 429 else "answered"
        return RuleFinding(f"{clues.whose} {says} (HTTP {clues.status})") if failed else None
    for known, party in _PARTIES.items():
        if clues.is_a(known):
            return RuleFinding(f"{party} did not do what was asked ({clues.name})", whose=party)
    if clues.is_a(*_TIMEOUTS):
        return _check_timeout(clues)
    return _check_unreachable(clues)


def _check_timeout(clues: Clues) -> RuleFinding | None:
    """Check for a timeout of another service: our line must have waited for it."""
    if clues.capsule.code == "ETIMEDOUT" or (clues.vendor and not clues.is_storage):
        return RuleFinding(f"{clues.whose} did not answer in time ({clues.name})")
    if clues.network_programs:
        through = clues.network_programs[0].partition(".")[0]
        return RuleFinding(f"{clues.whose} did not answer in time (waited for in `{through}`)")
    return None


def _check_unreachable(clues: Clues) -> RuleFinding | None:
    if clues.is_storage:
        return None  # the other side is our own file
    for known, why in _UNREACHED.items():
        if clues.is_a(known):
            sure = not clues.capsule.deliberate  # our own `raise` only claims it
            return RuleFinding(f"{clues.whose}: {why} ({clues.name})", sure=sure)
    if clues.capsule.code in _UNREACHABLE_CODES:
        return RuleFinding(f"{clues.whose} could not be reached ({clues.capsule.code})")
    if clues.vendor and _CONNECTING.fullmatch(clues.name):
        return RuleFinding(
            f"{clues.whose} could not be reached ({clues.capsule.exception})", sure=False
        )
    return None
