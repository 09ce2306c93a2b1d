"""Writes the redaction's `gitleaks_rules.json` from the configuration that gitleaks publishes.

    python -m bench.import_secret_rules CONFIG COMMIT

The patterns of gitleaks are written for RE2, which takes linear time. Python's engine does not, so
every repetition gets an upper limit here, and rules about complete files or several lines are
omitted.
"""

import json
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TARGET = (
    Path(__file__).resolve().parents[1]
    / "packages/theseus_observe/theseus_observe/redaction/gitleaks_rules.json"
)
NOTICE = (
    "Rules of gitleaks (https://github.com/gitleaks/gitleaks), MIT License, Copyright (c) 2019 "
    "Zachary Rice. Permission is hereby granted, free of charge, to any person obtaining a copy of "
    "this software and associated documentation files (the \"Software\"), to deal in the Software "
    "without restriction, including without limitation the rights to use, copy, modify, merge, "
    "publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to "
    "whom the Software is furnished to do so, subject to the following conditions: The above "
    "copyright notice and this permission notice shall be included in all copies or substantial "
    "portions of the Software. THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, "
    "EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS "
    "FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT "
    "HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF "
    "CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE "
    "USE OR OTHER DEALINGS IN THE SOFTWARE."
)  # fmt: skip
LONGEST = 4096
# The redactor's own rules cover these: their patterns need several lines or an unlimited `.`.
LEFT_OUT = frozenset({"curl-auth-header", "curl-auth-user", "private-key"})
# gitleaks looks at the name before the key; the redactor replaces only what follows it.
_LEAD = re.compile(r"^(\(\?i\))?\[\\w\.-\]\{0,50\}\?(?:\(\?i:\[\\w\.-\]\{0,50\}\?)?")
_END = r"""(?:[\x60'"\s;]|\\[nr]|$)"""
# A key also ends before a comma, a bracket, `&` or a full stop: what is redacted is not only code.
_ANY_END = r"(?![\w=+/-])"
_PIECE = re.compile(
    r"\\.|\[(?:\\.|\[:\w+:\]|[^\]\\])+\]|\(\?i\)|\(\?[\w:<>=!-]*|[()|+*]|\{\d+,\}|."
)


def convert(pattern: str) -> str:
    """Return RE2's pattern as Python reads it, with a limit on every repeat."""
    pattern = pattern.replace(_END, _ANY_END)
    pattern = pattern.replace("[[:alnum:]]", "[A-Za-z0-9]").replace(r"\z", r"\Z")
    out: list[str] = []
    open_flags = [0]  # of each group that is open: the `(?i:` to be closed with it
    for piece in _PIECE.findall(pattern):
        if piece == "(?i)" and out:
            open_flags[-1] += 1
            out.append("(?i:")
        elif piece == "|" and open_flags[-1]:
            raise ValueError(f"a flag is set before a choice: {pattern}")
        elif piece == ")":
            out.append(")" * (1 + open_flags.pop()))
        elif piece.startswith("(") and piece != "(?i)":
            open_flags.append(0)
            out.append(piece)
        else:
            out.append(_limit_repeats(piece))
    return "".join(out) + ")" * open_flags[0]


def _limit_repeats(piece: str) -> str:
    if piece in "+*":
        return f"{{{int(piece == '+')},{LONGEST}}}"
    return f"{piece[:-1]}{LONGEST}}}" if re.fullmatch(r"\{\d+,\}", piece) else piece


def _convert_rule(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    pattern = rule["regex"]
    if lead := _LEAD.match(pattern):
        inner = "(?i:" if "(?i:" in lead[0] else ""
        pattern = (lead[1] or "") + inner + pattern[lead.end() :]
    allowed = [each for each in rule.get("allowlists", ()) if "paths" not in each]
    by_target = {
        target: [
            convert(one)
            for each in allowed
            if each.get("regexTarget", "secret") == target
            for one in each.get("regexes", ())
        ]
        for target in ("secret", "match")
    }
    return {
        "id": rule["id"],
        "signs": rule["keywords"],
        "pattern": convert(pattern),
        "group": rule.get("secretGroup", 0),
        "entropy": rule.get("entropy", 0),
        "allowed_secrets": by_target["secret"],
        "allowed_matches": by_target["match"],
        "stop_words": [word for each in allowed for word in each.get("stopwords", ())],
    }


def main(config: str, commit: str) -> None:
    """Convert every rule that is about a text, and write the file."""
    published = tomllib.loads(Path(config).read_text(encoding="utf-8"))
    rules = [
        _convert_rule(rule)
        for rule in published["rules"]
        if "regex" in rule and "path" not in rule and rule["id"] not in LEFT_OUT
    ]
    for rule in rules:
        re.compile(rule["pattern"], re.ASCII)
    everywhere = published["allowlist"]
    content = {
        "notice": NOTICE,
        "commit": commit,
        "allowed_secrets": [convert(each) for each in everywhere["regexes"]],
        "stop_words": everywhere["stopwords"],
        "rules": rules,
    }
    TARGET.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
