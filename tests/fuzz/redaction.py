"""Texts of every kind through the redaction: it ends, and what is clean stays so."""

from contextlib import ExitStack
from pathlib import Path

from theseus_observe.redaction import redact

from tests.fuzz.judge import Case
from tests.fuzz.variation import build_text_case

SEEDS = (
    "DISCORD_TOKEN=MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz01234567890AB\n",
    "password: 'hunter2hunter2'\napi_key = \"sk-ant-api03-" + "aB3" * 30 + "\"\n",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + "x8Y" * 40 + "\n-----END RSA PRIVATE KEY-----\n",
    "diff --git a/.env b/.env\n@@ -1 +1 @@\n-TOKEN=ghp_" + "a1B2" * 9 + "\n+TOKEN=glpat-" + "Zy9x" * 5,
    "postgres://user:p4ssw0rd-long@db.example.org:5432/x?sslmode=require\n{\"secret\": \"c2VjcmV0\"}",
)  # fmt: skip


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: a text is redacted, and once more."""

    def clean(data: bytes) -> None:
        once = redact(build_text_case(data, SEEDS))
        redact(once)

    return clean
