"""What is secret does not stay in the environment, where all that is started would find it."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import SECRETS, forget_secrets

ROOT = Path(__file__).resolve().parents[3]
LOOKS = """
import os, subprocess
from pathlib import Path
from bot.settings import forget_secrets, load
settings = load(Path.cwd(), os.environ)
forget_secrets(os.environ)
assert settings.environment.discord_token.get_secret_value() == "very-secret-1"
own = Path("/proc/self/environ")
print(own.read_text().replace(chr(0), "\\n") if own.exists() else "")
print(subprocess.run(["env"], capture_output=True, text=True, check=True).stdout)
print(subprocess.run(["git", "-c", "alias.e=!env", "e"], capture_output=True, text=True).stdout)
"""


def test_every_secret_we_know_is_among_them() -> None:
    assert {
        "ANTHROPIC_API_KEY",
        "DISCORD_TOKEN",
        "GITHUB_TOKEN",
        "THESEUS_ALERT_SMTP_PASSWORD",
        "THESEUS_ALERT_WEBHOOK_SECRET",
        "THESEUS_ALERT_WEBHOOK_URL",
        "THESEUS_DISCORD_CLIENT_SECRET",
        "THESEUS_HTTP_TOKEN",
        "THESEUS_WEBHOOK_SECRET",
    } <= SECRETS
    assert not SECRETS & {"ANTHROPIC_BASE_URL", "THESEUS_STATE", "PATH"}


def test_what_is_no_secret_stays() -> None:
    variables = {"PATH": "/bin", "DISCORD_TOKEN": "x", "ANTHROPIC_BASE_URL": "http://x"}
    forget_secrets(variables)
    assert variables == {"PATH": "/bin", "ANTHROPIC_BASE_URL": "http://x"}


@pytest.mark.slow
def test_no_program_we_start_and_nobody_who_looks_at_us_finds_them() -> None:
    secrets = {name: f"very-secret-{number}" for number, name in enumerate(sorted(SECRETS))}
    secrets["DISCORD_TOKEN"] = "very-secret-1"
    done = subprocess.run(
        [sys.executable, "-c", LOOKS],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "KEPT": "seen", **secrets},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("KEPT=seen") == 3
    assert "very-secret" not in done.stdout
