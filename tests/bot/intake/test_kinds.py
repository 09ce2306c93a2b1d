"""Every kind of request is one file with the same names."""

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

from bot.grammar import Intent
from bot.intake import kinds

MODULES = [
    importlib.import_module(f"{kinds.__name__}.{each.name}")
    for each in pkgutil.iter_modules(kinds.__path__)
]


@pytest.mark.parametrize("kind", MODULES, ids=lambda kind: kind.__name__.rpartition(".")[2])
def test_a_kind_decides_and_then_performs(kind: ModuleType) -> None:
    decide, perform = kind.Handler.decide, kind.Handler.perform
    assert inspect.signature(decide).return_annotation is kind.Request
    assert list(inspect.signature(decide).parameters) == ["self", "message"]
    assert inspect.signature(perform).parameters["request"].annotation is kind.Request


def test_every_intent_has_one_kind_and_talk_has_none() -> None:
    intents = [intent for kind in MODULES for intent in kind.INTENTS]
    assert sorted(intents) == sorted(set(Intent) - {Intent.CHAT})
