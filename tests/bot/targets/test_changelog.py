"""Entries go where the people of a changelog would put them, and nowhere else."""

import pytest

from bot.targets.changelog import ChangeKind, add_entry, find_fragment, format_entry

KEPT = """\
# Changelog

## [Unreleased]

### Added

- A command for tea.

### Fixed

- Coffee is hot.

## [1.0.0] - 2026-01-01

### Fixed

- An old one.
"""


@pytest.mark.parametrize(
    ("text", "kind", "changed"),
    [
        (KEPT, "fixed", "- Coffee is hot.\n- It works.\n\n## [1.0.0]"),
        (KEPT, "added", "- A command for tea.\n- It works.\n\n### Fixed"),
        (KEPT, "changed", "- Coffee is hot.\n\n### Changed\n\n- It works.\n\n## [1.0.0]"),
        ("## Unreleased\n* One.\n\n## 1.0\n* Old.\n", "fixed", "* One.\n* It works.\n\n## 1.0"),
        ("## Unreleased\n", "fixed", "## Unreleased\n\n- It works.\n"),
        ("## Unreleased\r\n### Bug fixes\r\n\r\n## 1\r\n", "fixed", "fixes\r\n\r\n- It works.\r\n"),
    ],
)  # fmt: skip
def test_an_entry_joins_those_of_its_kind(text: str, kind: ChangeKind, changed: str) -> None:
    added = add_entry(text, "It works.", kind)
    assert added is not None
    assert changed in added
    new = [line for line in added.splitlines() if line.strip()]
    assert {*text.splitlines()} - {""} <= {*new}
    assert len(new) - len([line for line in text.splitlines() if line.strip()]) <= 2


def test_a_changelog_without_an_unreleased_part_stays_as_it_is() -> None:
    assert add_entry("# Changes\n\n## 1.0\n\n- Old.\n", "It works.", "fixed") is None


def test_what_a_change_says_of_itself_opens_no_markup() -> None:
    text = format_entry("- ## Fix\n\n## [2.0.0](http://evil) <script>" + "x" * 300)
    assert not {*"<>[]#\n"} & {*text}
    assert len(text) == 200


def test_towncrier_gets_a_fragment_only_where_it_looks_for_them() -> None:
    used = '[tool.towncrier]\ndirectory = "{}"\nfilename = "CHANGES.md"\n'
    assert find_fragment(used.format("changes"), "r1", "fixed") == "changes/+r1.bugfix.md"
    own = used.format("news") + '[[tool.towncrier.type]]\ndirectory = "fix"\nname = "Fix"\n'
    assert find_fragment(own, "r1", "fixed") == "news/+r1.fix.md"
    assert find_fragment(own, "r1", "added") is None
    for other in (used.format("../out"), used.format(".github"), "[tool.ruff]\n", "[[["):
        assert find_fragment(other, "r1", "fixed") is None
