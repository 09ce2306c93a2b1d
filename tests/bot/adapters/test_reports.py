"""Test reports that pytest wrote, or that were forged, and their interpretation."""

import pytest

from bot.adapters.sandboxed_verifier._results import parse_report

BOMBS = {
    "many elements": "<t>" + "<a/>" * 300_000 + "</t>",
    "many, one in another": "<a>" * 300_000 + "</a>" * 300_000,
    "an entity of entities": "<!DOCTYPE t [<!ENTITY a 'aaaa'>]><t>&a;</t>",
    "more bytes than anybody reads": "<t>" + " " * (21 * 1024 * 1024) + "</t>",
    "no end": "<t><testcase>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_report_that_is_made_to_be_much_work_is_none(name: str) -> None:
    assert parse_report(BOMBS[name]) is None


def test_witnesses_are_told_from_other_tests() -> None:
    bears = "<properties><property name='x' value='w0rd'/></properties>"
    text = (
        "<testsuites><testsuite><testcase name='a'/><testcase name='b'><failure message='no'/>"
        f"</testcase><testcase name='a'>{bears}<failure message='AssertionError: w0rd'/></testcase>"
        f"<testcase name='a'>{bears}<skipped/></testcase></testsuite></testsuites>"
    )
    report = parse_report(text, "w0rd")
    assert report is not None
    assert (report.summary, report.testified) == ("1 failed, 1 passed", True)
