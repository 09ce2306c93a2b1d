"""Lines without secrets: this repository's own, and made-up ones that look a little like some."""

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_HEX = "0123456789abcdef"
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "bot/ and cogs/": ("bot/**/*.py", "cogs/**/*.py"),
    "prompts and docs": ("prompts/**/*.md", "docs/*.md", "README.md"),
    "uv.lock": ("uv.lock",),
    "tests (secrets are planted there)": ("tests/**/*.py",),
}
_PROSE = (
    "The password policy asks for twelve letters; a passphrase is better than a password.",
    "Tokens expire after an hour. If yours did, ask an admin to reset it, never to send it.",
    "Das Passwort wurde geändert, bitte melde dich neu an; der Schlüssel liegt unter der Matte.",
    "Le mot de passe doit contenir au moins douze caractères, dont un chiffre.",
    "La contraseña no se guarda: solo su huella, y nadie puede leerla después.",
    "Пароль нужно менять каждый год, ключ хранить отдельно от двери.",
    "密码不能少于十二个字符,请不要告诉任何人。",
    "パスワードは定期的に変更してください。",
    "كلمة المرور قصيرة جدا، اختر كلمة أطول",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt.",
)
_CODE = (
    "token = get_token()",
    "def authorise(token: str, *, secret: bytes = b'') -> bool:",
    "if not hmac.compare_digest(given_token, expected_token):",
    "password = getpass.getpass('Password: ')",
    "headers = {'Authorization': f'Bearer {token}'}",
    "api_key: SecretStr | None = None",
    "secret = os.environ['CLIENT_SECRET']",
    "assert redact(text) == expected, 'the token was kept'",
    "for key, value in sorted(settings.items()):",
    "raise PermissionError('this token may not do that')",
)
_OUTPUT = (
    "tests/bot/test_auth.py::test_a_wrong_token_is_refused PASSED                  [ 12%]",
    "E       AssertionError: assert 'token expired' == 'token refused'",
    "FAILED tests/cogs/test_polls.py::test_keys - KeyError: 'secret_ballot'",
    "=========================== 212 passed, 3 skipped in 41.20s ===========================",
    'File "/srv/bot/cogs/auth/tokens.py", line 88, in refresh_token',
    "Resolved 96 packages in 12ms",
    "remote: Enumerating objects: 4711, done.",
)


def iterate_sources() -> Iterator[tuple[str, str]]:
    """Yield the places' files: the name of the place, and a file's text."""
    for name, patterns in _SOURCES.items():
        for pattern in patterns:
            for path in sorted(ROOT.glob(pattern)):
                yield name, path.read_text(encoding="utf-8")


def generate_lines(seed: int, lines: int) -> Iterator[tuple[str, str]]:
    """Yield kinds of harmless lines, that many of each."""
    drawn = random.Random(seed)  # noqa: S311 - these are not used for security

    def make_hex(length: int) -> str:
        return "".join(drawn.choices(_HEX, k=length))

    def make_number(length: int) -> int:
        return drawn.randrange(10 ** (length - 1), 10**length)

    def make_picture() -> str:
        encoded = base64.b64encode(drawn.randbytes(900)).decode()
        return f"data:image/png;base64,{encoded}"

    kinds: dict[str, Callable[[], str]] = {
        "hashes": lambda: f'sha256 = "sha256:{hashlib.sha256(drawn.randbytes(8)).hexdigest()}"',
        "commits": lambda: f"{make_hex(40)} Keep the poll open until {make_hex(7)} is merged",
        "UUIDs": lambda: (
            f"request {uuid.UUID(int=drawn.getrandbits(128))} took {make_number(3)} ms"
        ),
        "snowflakes": lambda: (
            f"<@{make_number(18)}> in <#{make_number(19)}>: message {make_number(18)}"
        ),
        "run ids": lambda: (
            f"run 01K{make_hex(10).upper()} fingerprint {make_hex(16)} x{make_number(2)}"
        ),
        "addresses": lambda: (
            f"https://example.org/{make_hex(8)}/x?page={make_number(2)}&q=dice#{make_hex(4)}"
        ),
        "figures": lambda: json.dumps({"tokens_in": make_number(4), "tokens_out": make_number(3)}),
        "pictures in base64": make_picture,
        "text in base64": lambda: base64.b64encode(drawn.choice(_PROSE).encode()).decode(),
        "prose": lambda: drawn.choice(_PROSE),
        "code about secrets": lambda: drawn.choice(_CODE),
        "output of tools": lambda: drawn.choice(_OUTPUT),
    }
    for name, make in kinds.items():
        yield name, "\n".join(make() for _ in range(lines))
