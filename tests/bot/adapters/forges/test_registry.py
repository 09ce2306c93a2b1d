"""Forges are added in their folder, in the registry and in the settings, and known nowhere else."""

import ast
from pathlib import Path
from typing import get_args

import pytest

from bot.adapters.forges.registry import FORGES
from bot.settings import Config

ROOT = Path(__file__).resolve().parents[4]
FORGE = Config.model_fields["forge"].annotation
FOLDER = ROOT / "bot/adapters/forges"


def test_the_settings_know_the_forges_of_the_registry() -> None:
    assert FORGE is not None
    assert list(FORGES) == list(get_args(FORGE.model_fields["kind"].annotation))
    assert set(FORGES) - {"local"} <= set(FORGE.model_fields)


def test_each_forge_has_the_same_files() -> None:
    wanted = {"__init__.py", "forge.py", "settings.py", "questions.py", "doctor.py"}
    for name, forge in FORGES.items():
        found = {each.name for each in (FOLDER / name).glob("*.py")}
        assert found >= wanted | ({"webhook.py"} if forge.webhook else set()), name


@pytest.mark.parametrize("package", ["bot", "cogs"])
def test_no_other_code_compares_with_the_name_of_a_forge(package: str) -> None:
    kinds, comparing = set(FORGES), []
    for path in (ROOT / package).rglob("*.py"):
        if path.is_relative_to(FOLDER):
            continue
        text = path.read_text(encoding="utf-8")
        if not any(kind in text for kind in kinds):
            continue  # parsing takes long
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Compare) and kinds & {
                each.value
                for side in (node.left, *node.comparators)
                for each in ast.walk(side)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }:
                comparing.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert comparing == []
