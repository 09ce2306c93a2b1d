"""Generated secrets of many kinds, in the shape of real ones.

This file contains no secret: all are composed at run time from parts and a seed.
"""

import json
import random
import string
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote

ALPHANUMERIC = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
BASE32 = string.ascii_uppercase + "234567"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
URLSAFE = ALPHANUMERIC + "-_"
STANDARD = ALPHANUMERIC + "+/"


class Secret(NamedTuple):
    """One secret, as a program would hold it.

    `cores` are the parts that must not be visible (the host of a connection string may be).
    `shaped` means that it can be recognised without its name.
    """

    kind: str
    name: str
    value: str
    cores: tuple[str, ...]
    shaped: bool


class SecretMaker:
    """Random pieces from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - these are not used for security

    def make_letters(self, length: int, letters: str = ALPHANUMERIC) -> str:
        """Return that many of these letters, digits among them where there are any."""
        made = [self.random.choice(letters) for _ in range(length)]
        digits = [letter for letter in letters if letter.isdigit()]
        if digits and length > 2:
            made[length // 2] = self.random.choice(digits)
        return "".join(made)

    def choose_one(self, *things: str) -> str:
        """Return one of them."""
        return self.random.choice(things)

    def make_password(self) -> str:
        """Return a password as people choose it: a word, digits, and sometimes punctuation."""
        word = self.choose_one(
            "hunter", "Dragon", "correct-horse", "Sommer", "letmein", "tr0ub4dor"
        )
        return word + self.make_letters(4, string.digits) + self.choose_one("", "!", "_Z", "xQ")

    def make_uuid(self) -> str:
        """Return a UUID."""
        return "-".join(self.make_letters(length, HEX) for length in (8, 4, 4, 4, 12))


Make = Callable[[SecretMaker], str]

# kind, name of the variable, how one is made; `+` parts keep scanners of source from seeing keys.
SHAPED: tuple[tuple[str, str, Make], ...] = (
    ("AWS access key id", "AWS_ACCESS_KEY_ID", lambda m: "AK" + "IA" + m.make_letters(16, UPPER)),
    ("Google API key", "GOOGLE_API_KEY", lambda m: "AI" + "za" + m.make_letters(35, URLSAFE)),
    ("Google OAuth secret", "GOOGLE_CLIENT_SECRET",
        lambda m: "GOC" + "SPX-" + m.make_letters(28, URLSAFE)),
    ("Google access token", "GCP_TOKEN", lambda m: "ya" + "29." + m.make_letters(120, URLSAFE)),
    ("Azure client secret", "AZURE_CLIENT_SECRET",
     lambda m: m.make_letters(3) + "8" + "Q~" + m.make_letters(34, URLSAFE)),
    ("GitHub token", "GITHUB_TOKEN",
     lambda m: m.choose_one("gh" + "p_", "gh" + "o_", "gh" + "s_",
         "gh" + "u_") + m.make_letters(36)),
    ("GitHub fine-grained", "GH_TOKEN",
     lambda m: "github" + "_pat_" + m.make_letters(22) + "_" + m.make_letters(59)),
    ("GitLab token", "GITLAB_TOKEN", lambda m: "gl" + "pat-" + m.make_letters(20, URLSAFE)),
    ("Slack token", "SLACK_TOKEN",
     lambda m: "xo" + m.choose_one("xb-", "xp-", "xa-") + m.make_letters(12,
         string.digits) + "-" + m.make_letters(24)),
    ("Slack webhook", "SLACK_WEBHOOK",
     lambda m: "https://hooks.slack" + ".com/services/T" + m.make_letters(8, UPPER) + "/B"
     + m.make_letters(8, UPPER) + "/" + m.make_letters(24)),
    ("Discord bot token", "DISCORD_TOKEN",
     lambda m: m.choose_one("M", "N",
         "O") + m.make_letters(25) + "." + m.make_letters(6) + "." + m.make_letters(38, URLSAFE)),
    ("Discord webhook", "DISCORD_WEBHOOK",
     lambda m: "https://discord" + ".com/api/webhooks/" + m.make_letters(18, "123456789") + "/"
     + m.make_letters(68, URLSAFE)),
    ("Discord MFA token", "DISCORD_USER_TOKEN",
        lambda m: "mf" + "a." + m.make_letters(84, URLSAFE)),
    ("Anthropic key", "ANTHROPIC_API_KEY",
     lambda m: "sk-" + "ant-api03-" + m.make_letters(93, URLSAFE) + "AA"),
    ("OpenAI key", "OPENAI_API_KEY", lambda m: "sk" + "-" + m.make_letters(48)),
    ("OpenAI project key", "OPENAI_API_KEY",
        lambda m: "sk" + "-proj-" + m.make_letters(120, URLSAFE)),
    ("Stripe key", "STRIPE_KEY",
        lambda m: m.choose_one("sk", "rk") + "_live_" + m.make_letters(24)),
    ("Stripe webhook secret", "STRIPE_ENDPOINT", lambda m: "wh" + "sec_" + m.make_letters(32)),
    ("Twilio API key", "TWILIO_SID", lambda m: "S" + "K" + m.make_letters(32, HEX)),
    ("SendGrid key", "SENDGRID",
        lambda m: "S" + "G." + m.make_letters(22) + "." + m.make_letters(43, URLSAFE)),
    ("Mailgun key", "MAILGUN", lambda m: "ke" + "y-" + m.make_letters(32, HEX)),
    ("npm token", "NPM_TOKEN", lambda m: "npm" + "_" + m.make_letters(36)),
    ("PyPI token", "TWINE_PASSWORD",
     lambda m: "py" + "pi-" + "AgEIcHlwaS5vcmc" + m.make_letters(120, URLSAFE)),
    ("Docker Hub token", "DOCKER_PAT", lambda m: "dckr" + "_pat_" + m.make_letters(27, URLSAFE)),
    ("Hugging Face token", "HF_TOKEN",
        lambda m: "h" + "f_" + m.make_letters(34, string.ascii_letters)),
    ("New Relic user key", "NEW_RELIC", lambda m: "NR" + "AK-" + m.make_letters(27, UPPER)),
    ("Sentry auth token", "SENTRY_AUTH",
        lambda m: "sn" + "trys_" + m.make_letters(80) + "_" + m.make_letters(43)),
    ("Telegram token", "TELEGRAM",
     lambda m: m.make_letters(10, "123456789") + ":" + "AA" + m.make_letters(33, URLSAFE)),
    ("Shopify token", "SHOPIFY", lambda m: "sh" + "pat_" + m.make_letters(32, HEX)),
    ("Square token", "SQUARE", lambda m: "sq" + "0atp-" + m.make_letters(22, URLSAFE)),
    ("PayPal token", "PAYPAL",
     lambda m: "access" + "_token$production$" + m.make_letters(16) + "$" + m.make_letters(32,
         HEX)),
    ("DigitalOcean token", "DO_PAT", lambda m: "do" + "p_v1_" + m.make_letters(64, HEX)),
    ("Heroku key", "HEROKU", lambda m: "HR" + "KU-AA" + m.make_letters(58, URLSAFE)),
    ("Cloudflare origin key", "CF_CA",
     lambda m: "v1" + ".0-" + m.make_letters(24, HEX) + "-" + m.make_letters(146, HEX)),
    ("Vault token", "VAULT_TOKEN", lambda m: "hv" + "s." + m.make_letters(95, URLSAFE)),
    ("Databricks token", "DATABRICKS", lambda m: "da" + "pi" + m.make_letters(32, HEX)),
    ("Grafana token", "GRAFANA",
        lambda m: "gl" + "sa_" + m.make_letters(32) + "_" + m.make_letters(8, HEX)),
    ("Terraform token", "TFE",
     lambda m: m.make_letters(14) + ".atlas" + "v1." + m.make_letters(67, URLSAFE)),
    ("JWT", "JWT",
     lambda m: "ey" + "J" + m.make_letters(33) + "." + "ey" + "J" + m.make_letters(140)
     + "." + m.make_letters(43)),
    ("age key", "AGE_IDENTITY", lambda m: "AGE-SECRET" + "-KEY-1" + m.make_letters(58, BECH32)),
)  # fmt: skip

# Only the name identifies these: their letters could be anything.
NAMED: tuple[tuple[str, str, Make], ...] = (
    ("AWS secret key", "AWS_SECRET_ACCESS_KEY", lambda m: m.make_letters(40, STANDARD)),
    ("AWS session token", "AWS_SESSION_TOKEN", lambda m: m.make_letters(300, STANDARD) + "=="),
    ("Azure storage key", "AZURE_STORAGE_KEY", lambda m: m.make_letters(86, STANDARD) + "=="),
    ("Twilio auth token", "TWILIO_AUTH_TOKEN", lambda m: m.make_letters(32, HEX)),
    ("Datadog key", "DD_API_KEY", lambda m: m.make_letters(32, HEX)),
    ("New Relic licence", "NEW_RELIC_LICENSE_KEY", lambda m: m.make_letters(36, HEX) + "NR" + "AL"),
    ("PayPal secret", "PAYPAL_CLIENT_SECRET", lambda m: m.make_letters(80, URLSAFE)),
    ("Heroku key, old", "HEROKU_API_KEY", lambda m: m.make_uuid()),
    ("Cloudflare token", "CLOUDFLARE_API_TOKEN", lambda m: m.make_letters(40, URLSAFE)),
    ("password", "DB_PASSWORD", lambda m: m.make_password()),
    ("passphrase", "SSH_PASSPHRASE", lambda m: m.make_password()),
    ("session secret", "SESSION_SECRET", lambda m: m.make_letters(32)),
    ("TOTP seed", "TOTP_SECRET", lambda m: m.make_letters(32, BASE32)),
    ("signing key", "SIGNING_KEY", lambda m: m.make_letters(64, HEX)),
    ("OAuth client secret", "CLIENT_SECRET", lambda m: m.make_letters(40)),
)


def generate_secrets(seed: int, each: int) -> Iterator[Secret]:
    """Yield `each` secrets of every kind."""
    make = SecretMaker(seed)
    for _ in range(each):
        for kind, name, maker in SHAPED:
            value = maker(make)
            yield Secret(kind, name, value, (_cut_prefix(value),), shaped=True)
        for kind, name, maker in NAMED:
            value = maker(make)
            yield Secret(kind, name, value, (value,), shaped=False)
        yield from _generate_embedded(make)
        yield from _generate_blocks(make)


def _cut_prefix(value: str) -> str:
    """Return the secret without the prefix that only names the vendor."""
    return value[len(value) // 3 :]


def _generate_embedded(make: SecretMaker) -> Iterator[Secret]:
    """Yield secrets inside visible text: connection strings, cookies, command lines."""
    word, user = quote(make.make_password(), safe=""), make.choose_one("app", "root", "svc")
    wholes = {
        "PostgreSQL": f"postgres://{user}:{word}@db.internal:5432/main?sslmode=require",
        "MySQL": f"mysql+pymysql://{user}:{word}@10.0.0.7/shop",
        "MongoDB": f"mongodb+srv://{user}:{word}@cluster0.example.net/x?retryWrites=true",
        "Redis": f"redis://:{word}@cache:6379/0",
        "AMQP": f"amqps://{user}:{word}@mq:5671//",
        "basic-auth URL": f"https://{user}:{word}@git.example/x.git",
        "ADO string": f"Server=db;User Id={user};Password={word};Encrypt=true",
        ".netrc": f"machine git.example login {user} password {word}",
        "command line": f"deploy --user {user} --password {word} --verbose",
        "curl": f"curl -u {user}:{word} https://api.example/v1",
    }
    for kind, whole in wholes.items():
        yield Secret(kind, "SETTING", whole, (word,), shaped=True)
    for kind, whole, core in _generate_longer(make):
        yield Secret(kind, "SETTING", whole, (core,), shaped=True)


def _generate_longer(make: SecretMaker) -> Iterator[tuple[str, str, str]]:
    key, token, seed = (
        make.make_letters(86, STANDARD) + "==",
        make.make_letters(43, URLSAFE),
        make.make_letters(32, UPPER[:-10] + "234567"),
    )
    yield (
        "Azure connection string",
        "DefaultEndpointsProtocol=https;AccountName=shop;Account" + f"Key={key};"
        "EndpointSuffix=core.windows.net",
        key,
    )
    sign = quote(make.make_letters(43, STANDARD) + "=", safe="")
    yield (
        "Azure SAS",
        f"https://shop.blob.core.windows.net/x?sv=2024-11-04&se=2027-01-01&sp=r&sig={sign}",
        sign,
    )
    public = make.make_letters(32, HEX)
    yield "Sentry DSN", f"https://{public}@o4507.ingest.sentry.io/4508", public
    yield "cookie", f"Cookie: theme=dark; session_id={token}", token
    yield "session header", f"X-Session-Token: {token}", token
    yield "kubeconfig", f"users:\n- name: admin\n  user:\n    token: {token}", token
    yield "OTP address", f"otpauth://totp/Shop:bob?secret={seed}&issuer=Shop", seed
    local = (
        make.choose_one("ann", "bob", "carla") + "." + make.make_letters(8, string.ascii_lowercase)
    )
    yield "e-mail address", f"{local}@mail.example.org", local
    yield "WireGuard key", "Private" + f"Key = {key[:43]}=", key[:43]


def _generate_blocks(make: SecretMaker) -> Iterator[Secret]:
    """Yield keys over several lines."""
    for kind, name in (
        ("RSA key", "RSA "),
        ("EC key", "EC "),
        ("SSH key", "OPENSSH "),
        ("PKCS8 key", ""),
    ):
        body = [make.make_letters(64, STANDARD) for _ in range(6)] + [
            make.make_letters(22, STANDARD) + "=="
        ]
        yield _block(kind, name + "PRIVATE", "KEY", body)
    body = ["", *(make.make_letters(64, STANDARD) for _ in range(8)), "=" + make.make_letters(4)]
    yield _block("PGP key", "PGP PRIVATE", "KEY BLOCK", body)
    key = _block("", "PRIVATE", "KEY", [make.make_letters(64, STANDARD) for _ in range(5)])
    account = {
        "type": "service_account",
        "project_id": "shop-12",
        "private" + "_key": key.value + "\n",
        "client_email": "bot@shop-12.iam.gserviceaccount.com",
    }
    yield Secret("GCP service account", "GOOGLE_JSON", json.dumps(account), key.cores, shaped=True)


def _block(kind: str, begin: str, end: str, body: list[str]) -> Secret:
    lines = [f"-----BEGIN {begin} {end}-----", *body, f"-----END {begin} {end}-----"]
    cores = tuple(line for line in body if len(line) > 20)
    return Secret(kind, "DEPLOY", "\n".join(lines), cores, shaped=True)
