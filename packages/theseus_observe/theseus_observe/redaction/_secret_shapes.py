"""Redacts secrets by the place they are in: headers, credentials in URLs, command lines.

Every pattern starts at a fixed word and every repetition is bounded, so the time is at most
proportional to the length of the text. A rule runs only if one of its `signs` is in the text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """One rule: the signs that select it, the pattern, and the replacement."""

    signs: tuple[str, ...]
    """Lower-case words; without one of them in the lower-cased text the rule is skipped."""
    pattern: re.Pattern[str]
    replace: str | Callable[[re.Match[str]], str]


def mark(kind: str) -> str:
    """Return the mark that replaces a secret of this kind."""
    return f"[redacted:{kind}]"


def is_likely_random(text: str) -> bool:
    """Return whether no one would type the text as a word: letters and digits mixed, or long and
    odd.
    """
    if len(text) < 8:
        return False
    digit = any(letter.isdigit() for letter in text)
    lower = any(letter.islower() for letter in text)
    upper = any(letter.isupper() for letter in text)
    odd = any(not letter.isalnum() for letter in text)
    if digit and (lower or upper):
        return True
    return (lower and upper and odd) or (len(text) >= 20 and lower + upper + odd >= 2)


def _redact_user_token(found: re.Match[str]) -> str:
    if "[redacted" in found[0] or not is_likely_random(found[2]):
        return found[0]
    return f"{found[1]}{mark('credentials')}@"


def _redact_credentials(found: re.Match[str]) -> str:
    if "[redacted" in found[0]:
        return found[0]
    return f"{found[1]}{mark('credentials')}{found[2]}"


def _redact_bearer(found: re.Match[str]) -> str:
    if not is_likely_random(found[3]) and len(found[3]) < 24:
        return found[0]
    return f"{found[1]}{found[2]}{mark('authorization')}"


def _redact_header(found: re.Match[str]) -> str:
    value, scheme = found[4], (found[3] or "").strip().lower()
    plain = value.isalpha() and value.islower() and len(value) < 16 and scheme not in _SCHEMES
    if (
        value.startswith(("[redacted", "$", "<", "{", "`"))
        or plain
        or value.lower() in ("none", "null", "true", "false")
    ):
        return found[0]
    return f"{found[1]}{found[2]}{found[3] or ''}{mark('authorization')}"


_SCHEMES = ("bearer", "basic", "token", "bot", "digest", "negotiate", "apikey", "key")
_SLASHES = r"(?:://|:\\/\\/)"
_QUOTE = r"(?:\\{0,7}[\"'])"
SHAPES: tuple[Shape, ...] = (
    Shape(
        ("://", ":\\/\\/"),
        re.compile(
            rf"({_SLASHES})(?:[^\s/@:\"'<>\\]{{0,256}}):(?:[^\s/\"'<>?#\\]{{1,512}})(@)(?=[^\s@])"
        ),
        _redact_credentials,
    ),
    Shape(
        ("://",),
        re.compile(
            r"(://)(?:[^\s/@:\"'<>\\]{1,256}):(?!\d{1,5}[/?#])(?:[^\s@\"'<>\\]{1,256})(@)(?=[\w.-])"
        ),
        _redact_credentials,
    ),
    Shape(("://",), re.compile(r"(://)([^\s/@:\"'<>\\]{16,512})@(?=[\w.-])"), _redact_user_token),
    Shape(
        ("%3a%2f%2f", "%3a//"),
        re.compile(
            r"((?:%3A%2F%2F|%3A//))(?:[\w.~+-]{0,128})%3A(?:(?!%40)[\w.~!$*+%-]){1,256}(%40)",
            re.IGNORECASE,
        ),
        _redact_credentials,
    ),
    Shape(
        ("authorization", "x-auth"),
        re.compile(
            rf"((?:proxy-)?authorization|x-auth)({_QUOTE}?[ \t]{{0,4}}(?:[:=]"
            rf"|,)[ \t]{{0,4}}(?:b?{_QUOTE})?)"
            r"([A-Za-z][A-Za-z0-9-]{2,24}[ \t]{1,4})?"
            r"([^\s\"',;\\)}\]]{1,4096})",
            re.IGNORECASE,
        ),
        _redact_header,
    ),
    Shape(
        ("bearer", "basic"),
        re.compile(r"\b(bearer|basic)([ \t]{1,4}|%20)([A-Za-z0-9+/_=.~-]{16,4096})", re.IGNORECASE),
        _redact_bearer,
    ),
    Shape(
        ("cookie",),
        re.compile(
            rf"\b((?:set-)?cookie)({_QUOTE}?[ \t]{{0,4}}[:,][ \t]{{0,4}}(?:b?{_QUOTE})?)"
            r"(?!\[redacted)[\w.%-]{1,128}=[^\r\n\"'\\]{1,4096}",
            re.IGNORECASE,
        ),
        lambda found: f"{found[1]}{found[2]}{mark('cookie')}",
    ),
    Shape(
        ("/webhooks/",),
        re.compile(
            r"(?:https?:(?://|\\/\\/)[\w.:-]{0,80}(?:/|\\/)api(?:(?:/|\\/)v\d{1,2})?)?"
            r"(?:/|\\/)webhooks(?:/|\\/)\d{15,22}(?:/|\\/)[\w.-]{30,512}"
        ),
        mark("discord_webhook"),
    ),
    Shape(
        ("webhooks%2f",),
        re.compile(r"(?:%2F)webhooks%2F\d{15,22}%2F[\w.-]{30,512}", re.IGNORECASE),
        mark("discord_webhook"),
    ),
    Shape(
        ("/interactions/",),
        re.compile(r"(/interactions/\d{15,22}/)[\w.-]{30,512}"),
        lambda found: f"{found[1]}{mark('interaction_token')}",
    ),
    Shape(
        ("hooks.slack.com",),
        re.compile(r"hooks\.slack\.com(?:/|\\/|%2F)(?:services|workflows)[\w/\\%-]{8,256}"),
        mark("slack_webhook"),
    ),
    Shape(
        ("-u", "--user"),
        re.compile(
            r"((?<![\w-])(?:-u|--user)[ \t=]{1,4}[\"']?[^\s:\"'/]{1,64}:)(?!\[redacted"
            r"|/)([^\s\"']{1,256})"
        ),
        lambda found: f"{found[1]}{mark('password')}",
    ),
    Shape(
        (
            "kennwort",
            "contrase",
            "mot de passe",
            "senha",
            "wachtwoord",
            "парол",
            "密码",
            "パスワード",
        ),
        re.compile(
            r"((?:kennwort|contrase[nñ]a|mot de passe|senha|wachtwoord|пароль|密码"
            r"|パスワード)[\"']?"
            r"(?:[ \t]{1,4}(?:ist|est|es|é|is))?[ \t]{0,4}[:=: ][ \t]{0,4}[\"']?)"
            r"(?=[^\s\"']{0,64}\d)(?!\[redacted)([^\s\"']{6,256})",
            re.IGNORECASE,
        ),
        lambda found: f"{found[1]}{mark('password')}",
    ),
    Shape(
        ("login",),
        re.compile(
            r"(\blogin\s{1,4}\S{1,128}\s{1,16}password\s{1,4})(?!\[redacted)([^\s\"']{1,256})"
        ),
        lambda found: f"{found[1]}{mark('password')}",
    ),
    Shape(
        ("sshpass", "mysql", "mariadb", "redis-cli"),
        re.compile(
            r"(\bsshpass[ \t]{1,4}-p[ \t]{0,4}|\b(?:mysql|mariadb)\w{0,10}[ \t][^\n"
            r"|;]{0,160}?(?<= )-p"
            r"|\bredis-cli[ \t][^\n|;]{0,160}?(?<= )-a[ \t]{1,4})(?!\[redacted)(\S{1,256})"
        ),
        lambda found: f"{found[1]}{mark('password')}",
    ),
)
