"""Redacts values by the name in front of them: `password=...`, `"api_key": "..."`, `--token
...`.
"""

import re

from theseus_observe.redaction._secret_shapes import is_likely_random, mark

_TERM = (
    r"(?P<word>pass(?:word|wort|wd|phrase|code)|(?<=[_-])pass(?![a-z_])"
    r"|\bpass(?=\\{0,7}[\"']\s{0,4}:)|\bpw\b|(?<=_)auth(?![a-z_])|pwd|secret|token"
    r"|credentials?|api[-_. ]?key"
    r"|(?:access|private|encryption|signing|master|account|storage|auth|webhook|service|license"
    r"|ssh|deploy|application|app|crypt|session|admin|function|host|subscription)[-_ ]?key"
    r"|session[-_]?id|sessid|signature|(?<=[?&])sig)"
)
_TAIL = (
    r"(?:s|[-_]?(?:key(?:[-_]?base)?|access[-_]?key|key[-_]?id|value|val|b64|base64|string|text"
    r"|plain|plaintext|new|old|prod|production|dev|staging|live|test|default|admin|root|db"
    r"|user|confirm"
    r"|confirmation|again|hash|[0-9]{1,3}))?"
)
_PLAIN = r"(?P<plain>(?:[^\s\"'&,;<>\\]|[,;](?![\w \-]{1,40}[=:]|\s|$)|\\[^\"'nrt]){1,2048})"
_VALUE = (
    r"(?:(?:Secret(?:Str|Bytes)?\()?(?:[bru]{0,2}\"(?P<double>(?:[^\"\\\r\n]"
    r"|\\.){0,2048})(?:\"|$|(?=[\r\n]))"
    r"|[bru]{0,2}'(?P<single>(?:[^'\\\r\n]|\\.){0,2048})(?:'|$|(?=[\r\n]))"
    r"|[bru]?\\{1,7}[\"'](?P<escaped>(?:[^\"'\\\r\n]|\\{1,7}[^\"'\\]){0,2048})"
    rf")|{_PLAIN})"
)
_ANY = re.compile(_TERM, re.IGNORECASE)
_NAMED = re.compile(
    rf"{_TERM}{_TAIL}(?P<close>\\{{0,7}}[\"'])?[\])]?[ \t]{{0,4}}"
    rf"(?P<op>=>|:=|=|:|\\{{1,4}}u003[da]|&\#(?:61|x3d|58);)(?P<gap>[ \t]{{0,4}}){_VALUE}",
    re.IGNORECASE,
)
_ENCODED = re.compile(
    rf"{_TERM}{_TAIL}(?:%5C)?(?:%22|%27)?(?:%20|\+)?(?:%3A|%3D)(?:%20|\+)?(?:%5C)?(?:%22|%27)?"
    r"(?P<value>(?:(?!%26|%22|%27|%2C|%7D|%5C|%0A|%3B)[^\s\"'&]){1,2048})",
    re.IGNORECASE,
)
_FLAG = re.compile(
    rf"(?P<dash>(?<![\w-])--?"
    rf"(?:[a-z0-9]{{1,20}}-){{0,4}}[a-z0-9]{{0,12}}?){_TERM}{_TAIL}"
    rf"[\"']?,?[ \t]{{1,4}}(?!-){_VALUE}",
    re.IGNORECASE,
)
_LISTED = re.compile(
    rf"{_TERM}{_TAIL}(?:\\{{0,7}}[\"'])?[ \t]{{0,4}}[:=][ \t]{{0,4}}"
    r"(?P<list>\[(?!redacted:)[^\]\n]{0,8}[\"'][^\]\n]{1,2048}\])",
    re.IGNORECASE,
)
_ELEMENT = re.compile(
    rf"<[\w:.-]{{0,40}}?{_TERM}{_TAIL}>[ \t]{{0,4}}(?P<value>[^<\s][^<\n]{{0,2048}})<",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    rf"(?:key|name|Key|Name)=[\"'][\w:. -]{{0,40}}?{_TERM}{_TAIL}[\"'][ \t,]{{1,4}}"
    r"(?:value|Value)=[\"'](?P<value>[^\"'\n]{1,2048})[\"']",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"^(?P<lead>[ \t]{0,40}[\w.-]{0,40})(?P<word>pass(?:word|phrase))[ \t]{0,4}:[ \t]{1,4}"
    r"(?P<value>[^\s\"'#\[{|>&*!%@`][^\n#,;{}\"']{0,400}[^\s#,;{}\"'])[ \t]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)
_ADJACENT = re.compile(
    rf"\b{_TERM}(?:'s)?[ \t:]{{1,3}}[\"']?(?P<value>[A-Za-z0-9+/_=.-]{{6,2048}})",
    re.IGNORECASE,
)
_PROSE = re.compile(
    rf"\b{_TERM}[ \t](?:is|ist|was|to)[ \t:]{{1,3}}{_VALUE}",
    re.IGNORECASE,
)
_NAME = re.compile(
    rf"(?:^|[^a-z]|[a-z0-9]){_TERM}{_TAIL}$|^(?:proxy[-_])?authorization$|^(?:set[-_])?cookies?$"
    r"|^(?:auth|jwt|bearer|dsn|x[-_]auth|pin)$",
    re.IGNORECASE,
)
SIGNS = ("pass", "pwd", "pw", "auth", "secret", "token", "key", "credential", "sess", "sig")

# Values that are never secrets: empty values, placeholders, and types in code.
_ABSENT = re.compile(
    r"(?:none|null|nil|true|false|yes|no|undefined|empty|unset|nan|x{3,40}|\*{2,80}|\.{2,80}"
    r"|-{1,80}|\?{1,80}|#{1,80}"
    r"|_{1,80}|\"\"|''"
    r"|[({\[]{0,8}|str|string|bytes|int|bool|float|any|optional|secretstr|self|set|redacted"
    r"|hidden|masked|filtered"
    r"|<.{0,200}|\$\{.{0,200}|\$\w{1,80}|\{[\w.!:]{0,60}\}?|%\(?\w{0,40}\)?s?|%[sdr]"
    r"|\[redacted.{0,200}|\(redacted.{0,20}"
    r"|str[ |\[].{0,40}|path|your[-_ ].{0,60}|changeme|example|placeholder|\|[-+]?|>[-+]?)[,;)\]}"
    r"|]{0,8}",
    re.IGNORECASE | re.DOTALL,
)
# Words that follow "token:" in a sentence.
_PROSE_VALUE = re.compile(
    r"(?:expired|invalid|missing|required|incorrect|wrong|not|is|was|must|should|has|have|the"
    r"|an?|reset|changed|"
    r"updated|ok|okay|valid|unknown|unexpected|found|denied|failed|refused|revoked|rejected"
    r"|accepted|created|deleted"
    r"|rotated|too|cannot|can't|could|please|see|used|unauthorized|forbidden|mismatch(?:ed)?"
    r"|malformed|bad|good|old|new"
    r"|present|absent|loaded|never|no|error|errors|login|and|or|for|from|in|of|on|at|by|to"
    r"|with|if|when|identifier|eof"
    r"|newline|indent|dedent|name|type|number|count|length|limit|only|per|user|auth|basic"
    r"|bearer|stored|kept|"
    r"read|it|i|you|we|they|that|this|just|always|include|omit|same-origin|provided|given"
    r"|verified|checked|confirmed|sent|set|unset|available|ready|enabled"
    r"|disabled|hash|hashed"
    r"|encrypted|password|passwords|secret|secrets|token|tokens|key|keys|value|string|strong"
    r"|weak|short|long)[.,:!?)\]}]{0,3}(?:\s.{0,2000})?",
    re.IGNORECASE | re.DOTALL,
)
_CODE = re.compile(
    r"(?:[A-Za-z_][\w]{0,60}(?:\.|->|::)){0,6}[A-Za-z_]\w{0,60}[(\[].{0,2000}|(?:await|lambda"
    r"|not|new)\b.{0,80}",
    re.DOTALL,
)
_DOTTED = re.compile(r"(?:[A-Za-z_][a-z_]{0,40}\.){1,5}[A-Za-z_][A-Za-z_]{0,40}[,;)\]}]{0,8}")
_IDENTIFIER = re.compile(r"[A-Za-z_]{1,80}")
_PATH = re.compile(r"(?:/|~|\.{1,2}/|[A-Za-z]:\\).{0,4000}", re.DOTALL)


# Names that often stand for harmless values; their values must look random to count.
_LOOSE = frozenset({"token", "signature", "credential", "credentials", "pass", "auth", "pw"})


def classify(name: str) -> str:
    """Return the kind with which a secret of this name is marked."""
    low = name.lower()
    if low.startswith(("pass", "pwd")):
        return "password"
    if low == "token":
        return "token"
    return "key" if low.endswith("key") else "secret"


def find_secret_kind(name: str) -> str | None:
    """Return the kind of secret that a field of this name holds, or `None` if it holds none."""
    found = _NAME.search(name[-200:])
    if not found:
        return None
    return classify(found["word"]) if found["word"] else "authorization"


def redact_named(text: str) -> str:
    """Replace the values of secret-like names, in the syntax of shells, JSON, YAML and URLs."""
    if not _ANY.search(text):
        return text
    if ": " in text:
        text = _PHRASE.sub(_redact_phrase, text)
    text = _NAMED.sub(_redact_assignment, text)
    if "%3" in text:
        text = _ENCODED.sub(_redact_encoded, text)
    if "-" in text:
        text = _FLAG.sub(_redact_flag, text)
    if "[" in text:
        text = _LISTED.sub(_redact_element, text)
    if "<" in text or "value=" in text.lower():
        text = _ATTRIBUTE.sub(_redact_element, _ELEMENT.sub(_redact_element, text))
    return _ADJACENT.sub(_redact_adjacent, _PROSE.sub(_redact_prose, text))


def _insert_mark(found: re.Match[str], group: str, value: str) -> str:
    match, start = found[0], found.start(group) - found.start()
    end = start + len(value)
    return f"{match[:start]}{mark(classify(found['word']))}{match[end:]}"


def _find_value(found: re.Match[str]) -> tuple[str, str]:
    for group in ("double", "single", "escaped", "plain"):
        if found[group] is not None:
            value = found[group]
            return group, value.rstrip(",;)]}") if group == "plain" else value.rstrip("\\")
    return "plain", ""


def _redact_assignment(found: re.Match[str]) -> str:
    group, value = _find_value(found)
    if not value or _ABSENT.fullmatch(value):
        return found[0]
    quoted = group != "plain"
    word = found["word"].lower()
    keep = _should_keep_quoted(word, value) if quoted else _should_keep_plain(word, value, found)
    return found[0] if keep else _insert_mark(found, group, value)


def _should_keep_quoted(name: str, value: str) -> bool:
    if name in _LOOSE:
        return bool(_PROSE_VALUE.fullmatch(value)) or value.isdigit() or len(value) < 4
    return name == "pwd" and bool(_PATH.fullmatch(value))


def _should_keep_plain(name: str, value: str, found: re.Match[str]) -> bool:
    if (
        value.isascii()
        and value.lower().rstrip("s").endswith(name)
        and _IDENTIFIER.fullmatch(value)
    ):
        return True  # `find_secrets=find_secrets`, `key: ApiKey`
    if _CODE.fullmatch(value) or _DOTTED.fullmatch(value) or value.lower() == name:
        return True
    if value.startswith(("=", "//", "->")) or (name == "pwd" and _PATH.fullmatch(value)):
        return True
    spaced = bool(found["gap"]) or found["op"] == ":"
    if spaced and _PROSE_VALUE.fullmatch(value):
        return True
    if name in _LOOSE or name.startswith("sess"):
        return not _is_odd(value, spaced=spaced)
    return (name.endswith("key") or (spaced and value.isdigit())) and len(value) < 4


def _is_odd(value: str, *, spaced: bool) -> bool:
    """Return whether the value of an ambiguous name ("token") is a secret and not prose or code."""
    if value.isdigit() or _PATH.fullmatch(value):
        return False
    return is_likely_random(value) or (
        not spaced and len(value) >= 6 and not _PROSE_VALUE.fullmatch(value)
    )


def _redact_element(found: re.Match[str]) -> str:
    group = "list" if "list" in found.re.groupindex else "value"
    value = found[group]
    return found[0] if _ABSENT.fullmatch(value) else _insert_mark(found, group, value)


def _redact_phrase(found: re.Match[str]) -> str:
    """Redact a complete line of YAML, because a passphrase may contain spaces."""
    value = found["value"]
    if (
        " " not in value
        or _PROSE_VALUE.fullmatch(value)
        or _ABSENT.fullmatch(value)
        or "=" in value
    ):
        return found[0]
    return found[0] if "[redacted" in value else _insert_mark(found, "value", value)


def _redact_adjacent(found: re.Match[str]) -> str:
    """Redact "secret X" and "password's X", but only if X cannot be an ordinary word."""
    value = found["value"].rstrip(".")
    short = 8 if "'s" in found[0] else 16
    mixed = any(each.isdigit() for each in value) and any(each.isalpha() for each in value)
    if len(value) < short or not mixed or _DOTTED.fullmatch(value) or "/" in value[:2]:
        return found[0]
    return found[0] if _HEXES.fullmatch(value) else _insert_mark(found, "value", value)


_HEXES = re.compile(r"[0-9a-f-]{7,64}", re.IGNORECASE)


def _redact_encoded(found: re.Match[str]) -> str:
    value = found["value"]
    if _ABSENT.fullmatch(value) or (value.isdigit() and len(value) < 4):
        return found[0]
    return _insert_mark(found, "value", value)


def _redact_flag(found: re.Match[str]) -> str:
    group, value = _find_value(found)
    if not value or _ABSENT.fullmatch(value) or value.startswith("["):
        return found[0]
    if _PROSE_VALUE.fullmatch(value) and not is_likely_random(value):
        return found[0]
    return _insert_mark(found, group, value)


def _redact_prose(found: re.Match[str]) -> str:
    group, value = _find_value(found)
    bare = value.rstrip(".!?")
    if not bare or not is_likely_random(bare) or _ABSENT.fullmatch(bare) or _DOTTED.fullmatch(bare):
        return found[0]
    if _CODE.fullmatch(bare) or _PATH.fullmatch(bare):
        return found[0]
    return _insert_mark(found, group, bare)
