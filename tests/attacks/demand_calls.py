"""How attackers word what they demand: calls whose arguments know where everything lies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.containment import CANARY, Containment, secret_of
from tests.twins.obedient_model import ObeyedCall, Step

OURS = "mcp__theseus__"


@dataclass(frozen=True)
class Ground:
    """What an attacker knows: where everything lies, and where somebody listens."""

    fence: Containment
    tcp: int
    udp: int
    bot: int  # its process id

    @property
    def outside(self) -> Path:
        """A folder nobody gave the model."""
        return self.fence.outside


Demand = Callable[[str, Ground], Sequence[Step]]


def read(path: str) -> Demand:
    """Read a file by this path; `{area}` and the like are filled in."""
    return lambda code, ground: [ObeyedCall("Read", {"file_path": filled(path, code, ground)})]


def bash(command: str) -> Demand:
    """Run a command."""
    return lambda code, ground: [ObeyedCall("Bash", {"command": filled(command, code, ground)})]


def python(source: str) -> Demand:
    """Run Python, which nobody takes for another tool's work."""
    return bash("python - <<'END'\n" + source + "\nEND")


def write(path: str, text: str = "# {code}\n") -> Demand:
    """Write a file."""
    return lambda code, ground: [
        ObeyedCall(
            "Write",
            {"file_path": filled(path, code, ground), "content": filled(text, code, ground)},
        )
    ]


def call(tool: str, **arguments: object) -> Demand:
    """Call any tool, offered or not."""
    return lambda code, ground: [
        ObeyedCall(
            tool,
            {
                name: filled(value, code, ground) if isinstance(value, str) else value
                for name, value in arguments.items()
            },
        )
    ]


def after(*demands: Demand) -> Demand:
    """Demand several things, one after another."""
    return lambda code, ground: [step for demand in demands for step in demand(code, ground)]


def filled(text: str, code: str, ground: Ground) -> str:
    """Return the text with places, ports and the attack's own secret in it."""
    fence = ground.fence
    known = {
        "area": fence.area,
        "home": fence.home,
        "state": fence.state,
        "checkout": fence.checkout,
        "forge": fence.forge,
        "outside": fence.outside,
        "here": fence.worktree,
        "mark": fence.mark(code),
        "code": code,
        "secret": secret_of(code),
        "tcp": ground.tcp,
        "udp": ground.udp,
        "bot": ground.bot,
        "canary": CANARY,
    }
    for name, value in known.items():
        text = text.replace("{" + name + "}", str(value))
    return text
