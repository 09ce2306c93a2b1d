"""Network faults that tests plant: see REFERENCE.md."""

import fnmatch
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_discord.world import Refused

REST_KINDS = ("status", "swallow", "cut", "delay")
NOW_KINDS = ("gateway_drop", "gateway_invalidate", "gateway_reconnect", "gateway_dispatch")
GATEWAY_KINDS = ("gateway_refuse", "gateway_silence")
PORTAL_KINDS = ("disallow_intents", "uninvited")
KINDS = (*REST_KINDS, *NOW_KINDS, *GATEWAY_KINDS, *PORTAL_KINDS)
_API = "/api/v10"


@dataclass
class Fault:
    """One planted fault. `times` is how often it still applies; `None` means forever."""

    id: int
    kind: str
    times: int | None = 1
    path: str = "*"
    method: str = "*"
    status: int | None = None
    retry_after: float = 0.5
    everywhere: bool = False
    seconds: float = 0.0
    code: int | None = None
    intents: list[str] = field(default_factory=list)
    errors: dict[str, Any] = field(default_factory=dict)
    event: str = ""
    data: Any = None

    def is_match(self, method: str, path: str) -> bool:
        """Return whether the fault applies to this REST request (`path` begins after
        `/api/v10`).
        """
        if self.method not in ("*", method):
            return False
        if "*" in self.path:
            return fnmatch.fnmatchcase(path, self.path)
        return self.path in path

    def to_json(self) -> dict[str, Any]:
        """Return the fault as JSON."""
        shown = {key: value for key, value in vars(self).items() if key != "everywhere"}
        return {**shown, "id": str(self.id), "global": self.everywhere}


class Faults:
    """The pending faults."""

    def __init__(self) -> None:
        self._pending: dict[int, Fault] = {}
        self._ids = itertools.count(1)

    def plant(self, wanted: Mapping[str, Any]) -> Fault:
        """Parse a fault and return it; a fault with a lasting effect becomes pending. Raises
        `Refused`.
        """
        fault = _read(next(self._ids), wanted)
        if fault.kind not in NOW_KINDS:
            self._pending[fault.id] = fault
        return fault

    def to_json(self) -> list[dict[str, Any]]:
        """Return all pending faults as JSON."""
        return [fault.to_json() for fault in self._pending.values()]

    def clear(self, fault_id: int | None = None) -> bool:
        """Remove one fault, or all. Return whether the fault existed."""
        if fault_id is not None:
            return self._pending.pop(fault_id, None) is not None
        self._pending.clear()
        return True

    def get_disallowed_intents(self) -> frozenset[str]:
        """Return the privileged intents that the developer portal does not grant."""
        return frozenset(name for fault in self._pending.values() for name in fault.intents)

    def is_uninvited(self) -> bool:
        """Return whether the bot appears over REST as not yet invited to the guild."""
        return any(fault.kind == "uninvited" for fault in self._pending.values())

    def take(self, method: str, path: str) -> list[Fault]:
        """Return the faults that apply to a request, and count their use.

        These are all matching delays, and the first other match.
        """
        applied: list[Fault] = []
        for fault in list(self._pending.values()):
            if fault.kind in REST_KINDS and fault.is_match(method, path):
                if fault.kind != "delay" and any(each.kind != "delay" for each in applied):
                    continue
                self._use(fault)
                applied.append(fault)
        return applied

    def take_gateway(self, kind: str) -> bool:
        """Use one gateway fault of this kind; return whether there was one."""
        for fault in list(self._pending.values()):
            if fault.kind == kind:
                self._use(fault)
                return True
        return False

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self._pending.pop(fault.id, None)


def _read(fault_id: int, wanted: Mapping[str, Any]) -> Fault:
    kind = wanted.get("kind")
    if kind is None:
        kind = "status" if "status" in wanted else "delay" if "seconds" in wanted else None
    if kind not in KINDS:
        raise Refused(400, f"kind: {kind!r} is unknown; the kinds are {', '.join(KINDS)}")
    fault = Fault(id=fault_id, kind=str(kind))
    try:
        fault.times = None if wanted.get("times", 1) is None else int(wanted.get("times", 1))
        fault.path = str(wanted.get("path") or "*").removeprefix(_API)
        fault.method = str(wanted.get("method") or "*").upper()
        fault.status = None if wanted.get("status") is None else int(wanted["status"])
        fault.retry_after = float(wanted.get("retry_after", 0.5))
        fault.everywhere = bool(wanted.get("global", False))
        fault.seconds = float(wanted.get("seconds", 0.0))
        fault.code = None if wanted.get("code") is None else int(wanted["code"])
        fault.intents = [str(each) for each in wanted.get("intents", ())]
        fault.errors = dict(wanted.get("errors") or {})
        fault.event, fault.data = str(wanted.get("event") or ""), wanted.get("data")
    except (TypeError, ValueError, OverflowError) as error:
        raise Refused(
            400, f"times, status, retry_after, seconds and code must be numbers: {error}"
        ) from error
    if fault.kind == "status" and not 400 <= (fault.status or 0) <= 599:
        raise Refused(400, "status: give the status to answer with, such as 429 or 502")
    if fault.kind == "gateway_dispatch" and not fault.event:
        raise Refused(400, "event: give the event to send, such as MESSAGE_CREATE")
    return fault
