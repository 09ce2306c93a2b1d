"""The rules of gitleaks, a maintained set for 200 kinds of key, from `gitleaks_rules.json`.

`bench/import_secret_rules.py` writes that file from the published rules. As in gitleaks, a match
counts only if its entropy is high enough and it is no well-known example.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from theseus_observe.redaction._secret_shapes import mark

_FILE = Path(__file__).with_name("gitleaks_rules.json")


def measure_entropy(text: str) -> float:
    """Return the Shannon entropy of the text's characters, in bits per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


class GitleaksRule:
    """One rule of the set. Its patterns are compiled when a text first contains one of its
    signs.
    """

    def __init__(self, rule: Mapping[str, Any], everywhere: Mapping[str, Any]) -> None:
        self.signs: tuple[str, ...] = tuple(rule["signs"])
        self._pattern: str = rule["pattern"]
        self._group: int = rule["group"]
        self._entropy: float = rule["entropy"]
        self._mark = mark(rule["id"].replace("-", "_"))
        self._allowed_secrets: Sequence[str] = [
            *everywhere["allowed_secrets"],
            *rule["allowed_secrets"],
        ]
        self._allowed_matches: Sequence[str] = rule["allowed_matches"]
        self._stopwords: Sequence[str] = [*everywhere["stop_words"], *rule["stop_words"]]

    def redact(self, text: str) -> str:
        """Return the text with a mark for each key of this kind."""
        return self._regex.sub(self._replace, text)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self._pattern, re.ASCII)

    @cached_property
    def _allowlist(self) -> tuple[Sequence[re.Pattern[str]], Sequence[re.Pattern[str]]]:
        return _compile(self._allowed_secrets), _compile(self._allowed_matches)

    def _replace(self, found: re.Match[str]) -> str:
        group = self._group or next((n for n, one in enumerate(found.groups(), 1) if one), 0)
        secret = found[group]
        if not secret or self._is_allowed(found[0], secret):
            return found[0]
        start, end = (place - found.start() for place in found.span(group))
        return f"{found[0][:start]}{self._mark}{found[0][end:]}"

    def _is_allowed(self, match: str, secret: str) -> bool:
        if measure_entropy(secret) < self._entropy:
            return True
        secrets, matches = self._allowlist
        if any(each.search(secret) for each in secrets):
            return True
        low = secret.lower()
        return any(each.search(match) for each in matches) or any(
            word in low for word in self._stopwords
        )


def _compile(patterns: Iterable[str]) -> Sequence[re.Pattern[str]]:
    return [re.compile(each, re.ASCII) for each in patterns]


def _load() -> tuple[GitleaksRule, ...]:
    content = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(GitleaksRule(rule, content) for rule in content["rules"])


RULES = _load()
