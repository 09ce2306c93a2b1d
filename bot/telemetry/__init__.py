"""What leaves a trace: redaction at the door."""

from bot.telemetry._redaction import redact, redact_stream, redact_value

__all__ = ["redact", "redact_stream", "redact_value"]
