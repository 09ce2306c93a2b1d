"""The limits of one connection to a server, and the record of what went wrong in it."""

from dataclasses import dataclass, field

MOST_BYTES = 4 * 1024 * 1024
"""The largest amount that a server may send in one connection, which is one call."""
REFUSED_METHODS = {
    "sampling/createMessage": "a model's answer (sampling)",
    "elicitation/create": "input of a person (elicitation)",
    "roots/list": "our folders (roots)",
}
_MOST_NAMED = 5


@dataclass
class ConnectionRecord:
    """What happened in one connection. `fault` is why we ended it, as people read it."""

    fault: str = ""
    received: int = 0
    refused: list[str] = field(default_factory=list)

    def count(self, size: int) -> bool:
        """Count received bytes; return whether the server may send more."""
        self.received += size
        if self.received > MOST_BYTES:
            self.fault = f"it sent more than {MOST_BYTES // 1024 // 1024} MB for one call"
        return not self.fault

    def note_refusal(self, method: str) -> None:
        """Note a request of the server that it does not get."""
        what = REFUSED_METHODS.get(method)
        if what and what not in self.refused and len(self.refused) < _MOST_NAMED:
            self.refused.append(what)
