"""`SKILL.md` as the open format has it; what will not do is refused with its line."""

import pytest

from bot.domain.errors import ConfigError
from bot.domain.skill import ROLES
from bot.skills import parse_skill
from bot.skills.manifest import MOST_CHARACTERS, MOST_LINES

PATH = "prompts/skills/tea/SKILL.md"
PLAIN = """\
---
name: tea
description: How tea is made here. Use when somebody is cold.
---
# Tea

Boil water.
"""
WHOLE = """\
---
name: tea
description: >
  How tea is made here.
  Use when somebody is cold.
when_to_use: For "I am cold".
license: Apache-2.0
compatibility: Wants a kettle
metadata:
  author: example-org
  version: 1.0
  theseus-roles: chat planner
allowed-tools: Read, mcp__theseus__journal_search
---
Boil water.
"""


def refused(text: str, name: str = "tea") -> str:
    with pytest.raises(ConfigError) as caught:
        parse_skill(text, name, PATH, {})
    told = str(caught.value)
    assert told.startswith(f"{PATH}, line ")
    assert len(told) < 500
    return told.removeprefix(f"{PATH}, ")


def test_the_smallest_skill_of_the_format_is_one() -> None:
    skill = parse_skill(PLAIN, "tea", PATH, {})
    assert (skill.name, skill.path) == ("tea", PATH)
    assert skill.summary == "How tea is made here. Use when somebody is cold."
    assert skill.body == "# Tea\n\nBoil water.\n"
    assert (skill.allowed_tools, skill.roles) == ((), ROLES)


def test_every_key_of_the_format_is_taken_with_values_as_they_are_written() -> None:
    skill = parse_skill(WHOLE, "tea", PATH, {"references/cups.md": "Two."})
    assert skill.summary == 'How tea is made here. Use when somebody is cold. For "I am cold".'
    assert (skill.license, skill.compatibility) == ("Apache-2.0", "Wants a kettle")
    assert skill.metadata["version"] == "1.0"
    assert skill.roles == ("chat", "planner")
    assert skill.allowed_tools == ("Read", "mcp__theseus__journal_search")
    assert skill.files == {"references/cups.md": "Two."}


def test_tools_may_be_a_list_and_lines_may_end_as_windows_ends_them() -> None:
    listed = PLAIN.replace("---\n#", "allowed-tools: [Read, Grep]\n---\n#")
    skill = parse_skill(listed.replace("\n", "\r\n"), "tea", PATH, {})
    assert skill.allowed_tools == ("Read", "Grep")
    assert skill.body == "# Tea\n\nBoil water.\n"


def with_key(line: str) -> str:
    return PLAIN.replace("---\n#", f"{line}\n---\n#")


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "begins with a line `---`"),
        ("# Tea\n\nBoil water.\n", 1, "begins with a line `---`"),
        ("---\nname: tea\ndescription: x\n", 1, "has no end"),
        (PLAIN.replace("description: How", "description: [How"), 3, "not valid YAML"),
        (PLAIN.replace("description", "descripton"), 3, "did you mean description?"),
        (PLAIN.replace("name: tea\n", ""), 2, "name is missing"),
        (PLAIN.replace("name: tea", "name:"), 2, "name: string should have at least 1"),
        (PLAIN.replace("name: tea", "name: coffee"), 2, "the folder is 'tea'"),
        (PLAIN.replace("How tea is made here. Use when somebody is cold.", "''"), 3, "at least 1"),
        (PLAIN.replace("How tea is made here. Use when somebody is cold.", "' '"), 3, "is empty"),
        (PLAIN.replace("How tea", "x" * 1025), 3, "at most 1024 characters"),
        (PLAIN.replace("name: tea", "name: tea\nname: tea"), 3, "name is set twice"),
        (with_key("hooks: {PreToolUse: rm}"), 4, "unknown key hooks"),
        (with_key("model: opus"), 4, "below metadata"),
        (with_key("metadata: [a, b]"), 4, "metadata: input should be a valid dictionary"),
        (with_key("metadata:\n  nested:\n    deep: 1"), 5, "metadata.nested"),
        (with_key("metadata:\n  theseus-roles: approver"), 5, "there is no 'approver'"),
        (with_key("metadata:\n  theseus-roles: ''"), 5, "it names none"),
        (with_key("allowed-tools: ''"), 4, "names no tool"),
        (with_key("allowed-tools: Bash(git:*) Read"), 4, "patterns such as"),
        (with_key("allowed-tools: {Read: yes}"), 4, "allowed-tools"),
        (with_key("compatibility: " + "x" * 501), 4, "at most 500 characters"),
        (with_key("a: &a [*a]"), 4, "contains itself"),
        ("---\nname: tea\ndescription: x\n---\n \n", 5, "no text after the front matter"),
        (PLAIN.replace("Boil", "Bo\u200bil"), 7, "invisible characters"),
        (PLAIN.replace("Boil", "Bo\u202eil"), 7, "invisible characters"),
        (PLAIN.replace("Boil", "Bo\x00il"), 7, "invisible characters"),
        (PLAIN.replace("cold.", "cold.\U000e0041"), 3, "invisible characters"),
        (PLAIN + "x" * MOST_CHARACTERS, 8, "too many"),
        (PLAIN + "\n" * MOST_LINES, MOST_LINES + 8, "too many"),
    ],
)
def test_what_will_not_do_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    told = refused(text)
    assert told.startswith(f"line {line}: ")
    assert why in told


@pytest.mark.parametrize("name", ["Tea", "-tea", "tea-", "te--a", "te_a", "té", "x" * 65])
def test_a_name_that_the_format_does_not_allow_is_refused(name: str) -> None:
    assert "is not valid" in refused(PLAIN.replace("name: tea", f"name: {name}"), name)
