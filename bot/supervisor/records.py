"""Records which commits ran well, which were rolled back, and which one is on probation."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_MAX_GOOD = 20
_MAX_BAD = 50


@dataclass(frozen=True)
class Handover:
    """A requested restart from the commit `previous` to `commit`.

    `at` distinguishes it from another restart to the same commit. `migrates` are the migrations of
    the state that older code cannot open afterwards. `databases` are the paths, in the state
    folder, that the code of `previous` opens, and `known` are all migrations that it knows.
    """

    commit: str
    previous: str
    reason: str = ""
    run_id: str | None = None
    at: str = ""
    migrates: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @classmethod
    def from_request(
        cls, request: Mapping[str, Any], commit: str, previous: str, at: str
    ) -> "Handover":
        """Return the hand-over that a bot asks for."""
        lists = (tuple(request.get(each) or ()) for each in ("migrates", "databases", "known"))
        return cls(commit, previous, str(request.get("reason", "")), request.get("run_id"), at,
                   *lists)  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that bots get."""
        return {k: v for k, v in asdict(self).items() if k not in ("databases", "known")}


@dataclass(frozen=True)
class RestartRecords:
    """`good` commits have passed their probation, the newest last; `bad` ones map to the reason.

    `trial` is the hand-over whose probation is not over.
    """

    good: tuple[str, ...] = ()
    bad: dict[str, str] = field(default_factory=dict)
    trial: Handover | None = None

    def add_good(self, commit: str) -> "RestartRecords":
        """Return them with a commit that has passed; people may have started a bad one again."""
        good = (*(each for each in self.good if each != commit), commit)[-_MAX_GOOD:]
        bad = {each: why for each, why in self.bad.items() if each != commit}
        return RestartRecords(good, bad)

    def add_bad(self, commit: str, reason: str) -> "RestartRecords":
        """Return them with a commit that is not to be started by itself again."""
        bad = {**self.bad, commit: reason}
        newest = dict(list(bad.items())[-_MAX_BAD:])
        good = tuple(each for each in self.good if each != commit)
        return RestartRecords(good, newest)

    def find_trial(self, commit: str) -> Handover | None:
        """Return the hand-over onto a commit that an earlier supervisor did not see to its end."""
        return self.trial if self.trial is not None and self.trial.commit == commit else None

    def set_trial(self, handover: Handover | None) -> "RestartRecords":
        """Return them with this hand-over on probation."""
        return replace(self, trial=handover)


class RestartFile:
    """Stores the records in a file that is replaced atomically, so that no crash damages it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""

    def read(self) -> RestartRecords:
        """Return the stored records, or empty ones if there is no file.

        An unreadable file is renamed, so that it does not prevent the start; `trouble` reports it.
        """
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            return _parse_records(data)
        except FileNotFoundError:
            return RestartRecords()
        except (ValueError, TypeError, KeyError) as error:
            aside = self.path.with_suffix(".unreadable")
            self.path.replace(aside)
            self.trouble = f"{self.path} cannot be read ({error}); it is {aside.name} now"
            return RestartRecords()

    def write(self, records: RestartRecords) -> None:
        """Keep them. Raises `OSError`."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(records), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)


def _parse_records(data: Any) -> RestartRecords:
    trial = data["trial"]
    known = {each.name for each in fields(Handover)}
    return RestartRecords(
        good=tuple(str(each) for each in data["good"]),
        bad={str(commit): str(why) for commit, why in data["bad"].items()},
        trial=_parse_handover({k: v for k, v in trial.items() if k in known}) if trial else None,
    )


def _parse_handover(data: dict[str, Any]) -> Handover:
    lists = {name: tuple(data.get(name) or ()) for name in ("migrates", "databases", "known")}
    return Handover(**{**data, **lists})


def get_timestamp() -> str:
    """Return the time now (ISO 8601, UTC)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
