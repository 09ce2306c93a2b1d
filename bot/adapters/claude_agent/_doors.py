"""What the engine works with besides the model: the same doors for planner, executor, reviewer."""

from dataclasses import dataclass

from bot.domain.checks import Protection
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.sandbox import Sandbox
from bot.ports.store import Store
from bot.ports.verifier import Verifier
from bot.prompts import Prompts

READING = ("Read", "Grep", "Glob")


@dataclass(frozen=True)
class Doors:
    """Borrowed from the root, for as long as the engine lives."""

    prompts: Prompts
    sandbox: Sandbox
    verifier: Verifier
    journal: Journal
    store: Store
    clock: Clock
    protection: Protection
