"""Records that version 0.1 wrote are read: fields that have other names now lose nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from theseus_guard.record import Record

from bot.detection.state import DetectorState
from bot.domain.alert import AlertDelivery
from bot.domain.backup import BackupSlot
from bot.domain.feature_request import FeatureRequest
from bot.domain.history import RECORDS
from bot.domain.incident import Incident
from bot.domain.issue import AcceptedIssue
from bot.domain.run import Run
from bot.domain.self_audit import AuditReport

# Each stage record and each other stored record once, with every field, as 0.1 stored them.
LINES = (Path(__file__).parent / "state_0_1.ndjson").read_text(encoding="utf-8").splitlines()
STORED: dict[str, Any] = {each["kind"]: each["body"] for each in map(json.loads, LINES)}
NEWER = {"EarlierAttempt", "ResearchReport", "CheckReruns"}  # 0.1 stored none
KINDS: dict[str, type[Record]] = {name: RECORDS[name] for name in RECORDS if name not in NEWER} | {
    "Run": Run,
    "Incident": Incident,
    "AlertDelivery": AlertDelivery,
    "BackupSlot": BackupSlot,
    "Wish": FeatureRequest,
    "TakenIssue": AcceptedIssue,
    "AuditReport": AuditReport,
    "DetectorState": DetectorState,
}


def iterate_leaves(value: object) -> Iterator[str]:
    """Yield the values inside nested dicts and lists, as JSON."""
    if isinstance(value, dict):
        for each in value.values():
            yield from iterate_leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from iterate_leaves(each)
    else:
        yield json.dumps(value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_the_previous_version_is_read_and_keeps_every_value(kind: str) -> None:
    record = KINDS[kind].model_validate_json(json.dumps(STORED[kind]))
    # Fields that are newer than the state have their default, which says that nothing is known.
    written = json.loads(record.model_dump_json(exclude_unset=True))
    assert sorted(iterate_leaves(written)) == sorted(iterate_leaves(STORED[kind]))


def test_a_record_is_written_under_its_present_names() -> None:
    former = {name for kind in KINDS.values() for name in kind.former_names}
    assert former
    for kind, body in STORED.items():
        record = KINDS[kind].model_validate(body)
        assert set(record.model_dump()).isdisjoint(KINDS[kind].former_names)
