"""The formatter of a repository is found in its files, and only ours runs."""

import pytest

from bot.targets.formatters import find_formatter

HOOKS = "repos:\n- repo: https://github.com/psf/black\n  hooks:\n  - id: black\n    args: [{}]\n"


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({"ruff.toml": "line-length = 79\n"}, ()),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 79\n"}, ()),
        (
            {"pyproject.toml": "[tool.black]\nline-length = 100\n[tool.ruff]\n"},
            ("--isolated", "--line-length", "100"),
        ),
        (
            {".pre-commit-config.yaml": HOOKS.format("-l, '99', -S")},
            ("--isolated", "--line-length", "99", "--config", "format.quote-style='preserve'"),
        ),
        (
            {"pyproject.toml": "[tool.black]\nline-length = '; rm -rf /'\n"},
            ("--isolated", "--line-length", "88"),
        ),
    ],
)
def test_a_configured_formatter_is_used_with_its_line_length(
    files: dict[str, str], options: tuple[str, ...]
) -> None:
    check = find_formatter(files)
    assert check is not None
    assert check.command == ("ruff", "format", "--check", *options, "{changed}")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pyproject.toml": "[tool.mypy]\n"},
        {"pyproject.toml": "[[[", ".pre-commit-config.yaml": "{"},
        {"pyproject.toml": "tool = 1", ".pre-commit-config.yaml": "repos: [1, {hooks: 2}]"},
    ],
)
def test_a_repository_without_a_formatter_is_not_formatted(files: dict[str, str]) -> None:
    assert find_formatter(files) is None
