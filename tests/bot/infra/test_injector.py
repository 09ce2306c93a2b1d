"""The injector passes each constructor what it names, and says what is missing."""

from typing import Protocol

import pytest

from bot.domain.errors import PartMissing
from bot.infra.injector import Injector


class Greeter(Protocol):
    def greet(self) -> str: ...


class Polite:
    def greet(self) -> str:
        return "Good day"


class Porter:
    def __init__(
        self, greeter: Greeter, floor: int, spare: Polite | None, bell: str = "ding"
    ) -> None:
        self.greeter = greeter
        self.floor = floor
        self.spare = spare
        self.bell = bell


def test_a_constructor_gets_objects_by_type_and_values_by_name() -> None:
    injector, polite = Injector(), Polite()
    injector.add(polite, Greeter)
    porter = injector.build(Porter, floor=3)
    assert (porter.greeter, porter.floor, porter.spare, porter.bell) == (polite, 3, None, "ding")
    assert injector.get(Porter) is porter


def test_an_optional_object_is_passed_if_there_is_one() -> None:
    injector, polite = Injector(), Polite()
    injector.add(polite, Greeter, Polite)
    assert injector.build(Porter, floor=1).spare is polite


def test_a_function_is_called_with_what_it_names_and_its_result_is_provided() -> None:
    def hire(greeter: Greeter) -> Porter:
        return Porter(greeter, 2, None)

    injector = Injector()
    injector.add(Polite(), Greeter)
    assert injector.call(hire).floor == 2
    assert injector.find(Porter) is None
    assert injector.build(hire) is injector.get(Porter)


def test_what_is_missing_is_named() -> None:
    injector = Injector()
    with pytest.raises(PartMissing, match="Porter needs greeter"):
        injector.build(Porter, floor=3)
    with pytest.raises(PartMissing, match="without Polite"):
        injector.get(Polite)


def test_a_type_stands_for_one_object() -> None:
    injector = Injector()
    injector.add(Polite())
    with pytest.raises(ValueError, match="already an object"):
        injector.add(Polite())
