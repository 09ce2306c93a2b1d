"""The classes of inputs: which module feeds each, and what is measured while it runs."""

from typing import NamedTuple


class FuzzClass(NamedTuple):
    """A class of inputs. libFuzzer prefers cases that reach new lines of `parsers` (prefixes)."""

    module: str
    parsers: tuple[str, ...]


CLASSES = {
    "gateway": FuzzClass("tests.fuzz.gateway_events", ("bot.client", "theseus_observe")),
    "interactions": FuzzClass("tests.fuzz.interactions", ("bot.client", "theseus_observe")),
    "messages": FuzzClass("tests.fuzz.messages", ("bot.grammar", "bot.authority", "bot.intake")),
    "redaction": FuzzClass("tests.fuzz.redaction", ("theseus_observe.redaction",)),
    "webhooks": FuzzClass("tests.fuzz.webhooks", ("bot.web", "bot.adapters.forges")),
    "http": FuzzClass("tests.fuzz.http_requests", ("bot.web",)),
    "config": FuzzClass("tests.fuzz.config", ("bot.settings", "theseus_rehearsal.yaml_text")),
    "journal": FuzzClass("tests.fuzz.journal_lines", ("bot.adapters.ndjson_journal",)),
    "capsules": FuzzClass(
        "tests.fuzz.capsules",
        ("bot.adapters.ndjson_journal", "bot.proof.reproduction", "theseus_guard.syntax"),
    ),
    "model": FuzzClass(
        "tests.fuzz.model_streams", ("bot.adapters.model_gateway", "bot.adapters.claude_agent")
    ),
    "model-requests": FuzzClass("tests.fuzz.model_requests", ("bot.adapters.model_gateway",)),
    "skills": FuzzClass(
        "tests.fuzz.skills", ("bot.skills", "bot.prompts", "theseus_rehearsal.yaml_text")
    ),
    "backups": FuzzClass("tests.fuzz.backups", ("bot.adapters.state_backups", "bot.domain.backup")),
    "guard": FuzzClass("tests.fuzz.guard_diffs", ("theseus_guard",)),
}
