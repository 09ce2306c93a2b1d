"""Made-up secrets in the places they turn up, and ordinary lines that must be left alone.

Nothing here is a literal key: all are put together by a seeded generator.
"""

import json
import random
import string
from collections.abc import Callable, Iterator
from urllib.parse import quote

WORD = string.ascii_letters + string.digits
LOWER_HEX = "0123456789abcdef"
URLSAFE = WORD + "-_"


class Maker:
    """Random pieces from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def some(self, length: int, letters: str = WORD) -> str:
        return "".join(self.random.choice(letters) for _ in range(length))

    def one(self, *things: str) -> str:
        return self.random.choice(things)

    def password(self) -> str:
        """What people choose: a word, digits, and now and then a sign."""
        word = self.one("hunter", "Dragon", "correct-horse", "Sommer", "letmein", "tr0ub4dor")
        return word + self.some(3, string.digits) + self.one("", "!", "$x", "%q", "_Z")


def vendor_keys(make: Maker) -> dict[str, str]:
    """One key of each vendor, by kind; joined from parts."""
    some = make.some
    return {
        "discord": make.one("M", "N", "O") + some(23) + "." + some(6, URLSAFE) + "." + some(38),
        "webhook": "https://discord.com/api/"
        + "webhooks/"
        + some(18, "123456789")
        + "/"
        + some(68),
        "anthropic": "sk-" + "ant-api03-" + some(80, URLSAFE) + "AA",
        "openai": "sk-" + make.one("", "proj-") + some(20) + "7" + some(24),
        "github": make.one("ghp", "gho", "ghs", "ghu") + "_" + some(36),
        "github fine": "github" + "_pat_" + some(22) + "_" + some(59),
        "gitlab": "glpat" + "-" + some(20),
        "slack": "xox" + "b-" + some(12, string.digits) + "-" + some(24),
        "stripe": "sk" + "_live_" + some(24),
        "aws": "AK" + "IA" + some(16, string.ascii_uppercase + string.digits),
        "google": "AI" + "za" + some(35),
        "npm": "npm" + "_" + some(36),
        "pypi": "py" + "pi-" + "AgEIcHlwaS5vcmc" + some(60, URLSAFE),
        "telegram": some(9, "123456789") + ":" + "AA" + some(33),
        "twilio": "S" + "K" + some(32, LOWER_HEX),
        "sendgrid": "S" + "G." + some(22) + "." + some(43),
        "hugging face": "h" + "f_" + some(34, string.ascii_letters),
        "jwt": "ey" + "J" + some(30) + "." + "ey" + "J" + some(60) + "." + some(43, URLSAFE),
    }


VENDOR_PLACES: tuple[Callable[[str], str], ...] = (
    lambda key: f"login failed with {key}",
    lambda key: f"KEY={key}",
    lambda key: json.dumps({"value": key}),
    lambda key: json.dumps(json.dumps({"value": key})),
    lambda key: f"{{'x': '{key}'}}",
    lambda key: f"GET /v1/things?k={key}&page=2",
    lambda key: f"({key})",
    lambda key: f"value: {key}",
    lambda key: f"a\n{key}\nb",
)

NAMES = ("password", "DB_PASSWORD", "passwd", "client_secret", "API_KEY", "apiKey", "secret_key",
         "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "privateKey", "SECRET", "jwt_secret",
         "dbPassword", "x-api-key", "passphrase")  # fmt: skip

NAMED_PLACES: tuple[Callable[[str, str], str], ...] = (
    lambda name, value: f"{name}={value}",
    lambda name, value: f"export {name}={value}",
    lambda name, value: f'{name}="{value}"',
    lambda name, value: f"{name}='{value}'",
    lambda name, value: f"{name}: {value}",
    lambda name, value: f"  {name}: '{value}'",
    lambda name, value: f"{name} = {value}",
    lambda name, value: json.dumps({"user": "bob", name: value, "n": 1}),
    lambda name, value: json.dumps({name: value}, separators=(",", ":")),
    lambda name, value: json.dumps(json.dumps({name: value, "a": 2})),
    lambda name, value: repr({name: value, "n": 3}),
    lambda name, value: f"connect(host='db', {name}={value!r}, timeout=3)",
    lambda name, value: f"https://host.example/cb?{name}={quote(value)}&page=2",
    lambda name, value: "body=" + quote(f"{name}={value}&x=1", safe=""),
    lambda name, value: "body=" + quote(json.dumps({name: value}), safe=""),
    lambda name, value: f"tool --{name.lower().replace('_', '-')} {value} --verbose",
    lambda name, value: f"tool --{name.lower().replace('_', '-')}={value}",
    lambda name, value: f"Server=db;User Id=sa;{name}={value};Encrypt=true",
    lambda name, value: f"{name} => {value}",
    lambda name, value: f"<{name}>{value}</{name}>",
    lambda name, value: f'<add key="{name}" value="{value}"/>',
    lambda name, value: f"Settings({name}=SecretStr({value!r}))",
    lambda name, value: f"{name}: [{value!r}, {value!r}]",
    lambda name, value: f"{name}\\u003d{value}",
    lambda name, value: f"argv ['--{name.lower().replace('_', '-')}', {value!r}]",
    lambda name, value: f"[INFO] settings {name}={value}, debug=True",
)

URL_PLACES: tuple[Callable[[str], str], ...] = (
    lambda word: f"postgres://app:{quote(word, safe='')}@db:5432/main",
    lambda word: (
        f"mongodb+srv://app:{quote(word, safe='')}@cluster0.example.net/x?retryWrites=true"
    ),
    lambda word: f"redis://:{quote(word, safe='')}@cache:6379/0",
    lambda word: f"amqp://guest:{word}@mq:5672//",
    lambda word: f"could not connect to 'mysql+pymysql://root:{quote(word, safe='')}@localhost/db'",
    lambda word: f"https://bob:{quote(word, safe='')}@git.example/x.git",
    lambda word: f"jdbc:postgresql://db/main?user=app&password={quote(word)}",
    lambda word: f"Data Source=db;Initial Catalog=x;User ID=sa;Password={word};",
    lambda word: "u=" + quote(f"postgres://app:{word}@db/main", safe=""),
    lambda word: json.dumps({"url": f"redis://:{word}@h/0"}).replace("/", "\\/"),
    lambda word: f"Pwd={word};Database=x",
)

HEADER_PLACES: tuple[Callable[[str], str], ...] = (
    lambda value: f"Authorization: Bearer {value}",
    lambda value: f"authorization: Basic {value}",
    lambda value: f"> Authorization: Bot {value}",
    lambda value: repr({"Authorization": f"Bearer {value}"}),
    lambda value: json.dumps({"authorization": f"token {value}"}),
    lambda value: repr([("Authorization", f"Basic {value}")]),
    lambda value: repr([(b"authorization", f"Bearer {value}".encode())]),
    lambda value: f"curl -H 'Authorization: Bearer {value}' https://x",
    lambda value: f"Proxy-Authorization: Basic {value}",
    lambda value: f"Cookie: session={value}; theme=dark",
    lambda value: f"Set-Cookie: sid={value}; HttpOnly",
    lambda value: json.dumps({"cookie": f"a={value}"}),
    lambda value: f"X-Auth-Token: {value}",
    lambda value: f"access_token={value}&token_type=bearer",
    lambda value: json.dumps({"refresh_token": value, "expires_in": 3600}),
)


def private_key(make: Maker, kind: str = "RSA ") -> tuple[str, list[str]]:
    """A made-up private key and its body lines."""
    body = [make.some(64, WORD + "+/") for _ in range(5)] + [make.some(30) + "=="]
    begin, end = f"-----BEGIN {kind}PRIVATE" + " KEY-----", f"-----END {kind}PRIVATE" + " KEY-----"
    return "\n".join([begin, *body, end]), body


def secrets(seed: int) -> Iterator[tuple[str, str, str]]:
    """(group, line, what must not be left in it)."""
    make = Maker(seed)
    yield from _vendor(make)
    yield from _named(make)
    for url in URL_PLACES:
        word = make.password()
        yield "url", url(word), word[:8]
    for header in HEADER_PLACES:
        value = make.some(32)
        yield "header", header(value), value
    yield from _keys(make)
    for address in (f"{make.some(6)}@example.com", f"a.b+{make.some(4)}@mail.example.co.uk"):
        for text in (
            f"from {address}",
            f"<{address}>",
            json.dumps({"to": address}),
            quote(address),
        ):
            yield "e-mail", text, address.split("@")[0][-4:]


def _vendor(make: Maker) -> Iterator[tuple[str, str, str]]:
    for kind, key in vendor_keys(make).items():
        for place in VENDOR_PLACES:
            yield kind, place(key), key[-16:]


def _named(make: Maker) -> Iterator[tuple[str, str, str]]:
    for name in NAMES:
        for place in NAMED_PLACES:
            for value in (make.password(), make.some(32), make.some(40, WORD + "+/")):
                yield f"named {name}", place(name, value), value[:8]


def _keys(make: Maker) -> Iterator[tuple[str, str, str]]:
    for kind in ("RSA ", "", "EC ", "OPENSSH ", "ENCRYPTED "):
        key, body = private_key(make, kind)
        for text in (key, json.dumps({"k": key}), repr(key), f"x {key} y", quote(key)):
            yield "private key", text, body[2][:20] if "%" not in text else quote(body[2])[:20]


def ordinary(seed: int) -> Iterator[str]:
    """Lines a bot writes every day, with nothing secret in them."""
    make = Maker(seed)

    def hexes(length: int) -> str:
        return make.some(length, LOWER_HEX)

    def digits(length: int) -> str:
        return make.some(length, "123456789")

    for _ in range(20):
        uuid = "-".join(hexes(n) for n in (8, 4, 4, 4, 12))
        yield f"live at {hexes(40)}"
        yield f"commit={hexes(40)} branch=theseus/{make.some(6)}-fix"
        yield f"request_id={uuid} guild_id={digits(18)} channel_id={digits(19)}"
        yield f"tokens_in={digits(3)} tokens_out={digits(4)} cost_usd=0.0{digits(2)}"
        yield json.dumps({"tokens_in": 120, "token_count": 9, "user": hexes(12), "event": uuid})
        yield f"sha256:{hexes(64)}"
        yield f"/api/v10/channels/{digits(18)}/messages/{digits(18)}"
        yield f'GET http://127.0.0.1:{digits(4)}/api/v10/users/@me "HTTP/1.1 200 OK"'
        yield f"fingerprint {hexes(16)} seen {digits(2)} times in cogs/dice.py:{digits(2)}"
        yield f"<@{digits(18)}> rolled 2d6: [3, 4] in <#{digits(18)}>"
        yield f"2026-11-21T04:{digits(2)}:09.123456Z [info] roll outcome=ok ms={digits(2)}"
    yield from ORDINARY


ORDINARY = (
    "token bucket refilled: 5 tokens",
    "auth: ok",
    "auth failed for guild 123456789012345678",
    "api key rotation scheduled",
    "password_file=/run/secrets/db",
    "password policy: min 12",
    "use --token to pass it",
    "pass: 12, fail: 3",
    "passed=12 failed=0",
    "if token == expected:",
    "self._token: str = token",
    "token: Optional[str] = None",
    "basic understanding of things needed",
    "https://example.com:443/a@b",
    "primary key: id",
    "host_key=ssh",
    "credentials=include",
    "the secret: it's all in the wrist",
    "secret: the dice are loaded",
    "signature: roll(dice)",
    "token=${TOKEN}",
    "password accepted",
    "password reset",
    "Password reset requested",
    "token: expired",
    "error: invalid token",
    "Unexpected token } in JSON at position 4",
    "SyntaxError: unexpected token: '='",
    "the secret of good dice",
    "secret santa list updated",
    "forgot your password?",
    "def get_token(self) -> str:",
    "token = get_token()",
    "self.token = token",
    "token=None",
    "password: str",
    "password: SecretStr",
    "secret: missing",
    "api_key=None",
    "KeyError: 'token'",
    "KeyError: 'password'",
    "missing key: token",
    "['user', 'password', 'email']",
    'File "/srv/bot/auth/token.py", line 12, in check_password',
    "tokenizer.encode(text)",
    "password field is required",
    "token is invalid",
    "secret is too short",
    "password was changed",
    "the api key is not set",
    "api key missing",
    "Authorization header missing",
    "authorization: required",
    "Basic authentication is off",
    "Bearer tokens are supported",
    "basic commands: roll, poll",
    "cookie: chocolate chip",
    "PWD=/srv/bot",
    "cd $HOME && PWD=/tmp",
    "password=${DB_PASSWORD}",
    "password: <hidden>",
    "DISCORD_TOKEN=",
    'os.environ["DISCORD_TOKEN"]',
    "set DISCORD_TOKEN in .env",
    "git@github.com:owner/repo.git",
    "pip install simcord@3.2.1",
    "@app.route('/x')",
    "npm i foo@latest",
    "ssh user@host",
    "2 tokens left",
    "signature mismatch",
    "signature: (int, str) -> None",
    "sort key: name",
    "key=value",
    "key: name",
    "primary_key=id",
    "keyboard layout",
    "monkey patched",
    "passed 12 of 12",
    "passing tests: 40",
    "bypass=true",
    "compass: north",
    "secretary: Ann",
    "tokenize: done",
    "passenger=3",
    "sk-learn is slow",
    "session_id: none",
    "max_token_length = 20",
    "token_limit=4000",
    "lru_key=(1, 2)",
    "http://localhost:8080/@me",
    "see https://docs.example/x?page=2#top",
    "ratio 3:4@home",
    "cookies are enabled",
    "no secrets here",
    "Traceback (most recent call last):",
    '  File "cogs/dice.py", line 41, in roll',
    "IndexError: list index out of range",
    "restart in 5s",
    "pull request #12 merged at abc1234",
    "1d6+2 = 7",
    "password reset link sent",
)
