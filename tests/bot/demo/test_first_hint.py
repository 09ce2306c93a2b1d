"""The page's first hint: a report is a plain message; only a command begins with a slash."""

import re

import pytest

from bot.demo.faults import FAULTS, LIVING, REPLAYED, MetFault
from bot.demo.first_hint import build_fault_hint, build_request_hint, build_watch_hint

MET = [*FAULTS, *REPLAYED]
_SAY = re.compile(r"[Ss]ay `([^`]+)`")


@pytest.mark.parametrize("fault", MET, ids=lambda fault: fault.name)
def test_no_report_begins_with_a_slash(fault: MetFault) -> None:
    said = _SAY.findall("\n".join(build_fault_hint(fault)))
    assert said == [fault.report, "ship it"]
    assert not fault.report.startswith("/")


def test_what_there_is_to_say_beside_a_living_fault_begins_with_no_slash_either() -> None:
    for living in LIVING:
        text = "\n".join(build_watch_hint(living))
        assert not [said for said in _SAY.findall(text) if said.startswith("/")], living.name


def test_with_a_request_the_page_says_what_to_ask() -> None:
    said = _SAY.findall("\n".join(build_request_hint("add a /coinflip command")))
    assert said == ["add a /coinflip command", "go ahead", "ship it"]
