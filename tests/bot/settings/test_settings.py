"""Settings: what is wrong is named by file, line and key, with the way out and without secrets."""

import re
from pathlib import Path

import pytest
from theseus_observe.redaction import redact

from bot.domain.errors import ConfigError
from bot.settings import (
    Environment,
    guard_secrets,
    load,
    parse_checks,
    parse_config,
    provide_cog_variables,
    read_environment,
)

CHECKS = "checks:\n  quick:\n    - {name: lint, command: [ruff, check]}\n"
ROOT = Path(__file__).resolve().parents[3]


def _home(folder: Path, *, config: str = CHECKS, dotenv: str | None = None) -> Path:
    (folder / "data").mkdir()
    (folder / "data/config.yaml").write_text(config, encoding="utf-8")
    if dotenv is not None:
        (folder / ".env").write_text(dotenv, encoding="utf-8")
    return folder


def test_the_shipped_configuration_and_the_example_of_env_are_valid(tmp_path: Path) -> None:
    dotenv = (ROOT / ".env.example").read_text(encoding="utf-8")
    config = (ROOT / "data/config.yaml").read_text(encoding="utf-8")
    settings = load(_home(tmp_path, config=config, dotenv=dotenv), {})
    assert settings.environment.discord_token is None
    assert settings.config.people.approvers.users == frozenset()
    commented = [line[2:] for line in dotenv.splitlines() if line.startswith("# ") and "=" in line]
    (tmp_path / ".env").write_text("\n".join(line for line in commented if line[0].isupper()))
    load(tmp_path, {})


def test_paths_are_relative_to_the_root_and_absolute_ones_stay(tmp_path: Path) -> None:
    home = _home(tmp_path)
    settings = load(home, {})
    assert settings.state == home / "data/state"
    assert settings.config_file == home / "data/config.yaml"
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(CHECKS)
    settings = load(home, {"THESEUS_STATE": "var/here", "THESEUS_CONFIG": str(elsewhere)})
    assert settings.state == home / "var/here"
    assert settings.config_file == elsewhere
    assert load(home, {"THESEUS_STATE": "~/theseus"}).state == Path("~/theseus").expanduser()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    home = _home(tmp_path, dotenv="DISCORD_TOKEN=from-file\nTHESEUS_HTTP_PORT=81\n")
    environment = load(home, {"DISCORD_TOKEN": "from-environment"}).environment
    assert environment.discord_token is not None
    assert environment.discord_token.get_secret_value() == "from-environment"
    assert environment.theseus_http_port == 81
    assert "from-environment" not in repr(environment)


def test_theseus_itself_is_a_target_without_an_entry() -> None:
    own = parse_config(CHECKS + "forge: {branch: trunk}\n", "config").own_target
    assert (own.name, own.repository, own.branch) == ("theseus", ".", "trunk")
    assert own.start.summary == "python -m bot run"
    assert own.checks is not None
    assert own.checks.quick[0].name == "lint"


def test_a_file_from_a_windows_editor_is_read(tmp_path: Path) -> None:
    home = _home(tmp_path, config="\ufeff" + CHECKS, dotenv="\ufeffGITHUB_TOKEN='a b'\r\n")
    token = load(home, {}).environment.github_token
    assert token is not None
    assert token.get_secret_value() == "a b"


BAD_CONFIG = [
    ("http: {drain_seconds: 11}\n", 1, "at most half of restart.drain_seconds, which is 10 here"),
    ("discrod: {}\n", 1, "unknown key discrod; did you mean discord?"),
    ("discord:\n  guildid: 5\n", 2, "discord.guildid; did you mean guild_id?"),
    ("discord:\n  guild_id: abc\n", 2, "discord.guild_id"),
    ("discord:\n  dev_channel_id: -5\n", 2, "discord.dev_channel_id"),
    ("discord: 5\n", 1, "discord: expected `key: value` lines here"),
    ("people:\n  developers:\n    users: [alice]\n", 3, "people.developers.users"),
    ("people:\n  developers:\n    users: 5\n", 3, "people.developers.users"),
    ("people:\n  owners: {}\n", 2, "known keys here: approvers, developers"),
    ("engine:\n  name: gpt\n", 2, "engine.name"),
    ("engine:\n  seconds: 0\n", 2, "engine.seconds"),
    ("engine:\n  seconds: .inf\n", 2, "engine.seconds"),
    ("engine:\n  planner: {model: opus, usd: -1}\n", 2, "engine.planner.usd"),
    ("forge:\n  kind: gitlab\n", 2, "forge.kind"),
    ("forge:\n  url: /forge\n", 2, "forge.url: Value error, enter a full address"),
    ("http:\n  url: bot.example\n", 2, "http.url: Value error, enter a full address"),
    ("forge:\n  branch: [main]\n", 2, "forge.branch"),
    ("sandbox:\n  required: perhaps\n", 2, "sandbox.required"),
    ("runs:\n  workers: 0\n", 2, "runs.workers"),
    ("runs:\n  workers: 1.5\n", 2, "runs.workers"),
    ("runs:\n  rounds: many\n", 2, "runs.rounds"),
    ("runs:\n  lease_seconds: .nan\n", 2, "runs.lease_seconds"),
    ("runs:\n  lookback_hours: 1e12\n", 2, "runs.lookback_hours"),
    ("runs:\n  workers: 1\n  workers: 2\n", 3, "workers is set twice (first on line 2)"),
    ("protection:\n  max_changed_lines: 0\n", 2, "protection.max_changed_lines"),
    ("protection:\n  classes:\n    a: {guard: no, paths: []}\n", 3, "protection.classes.a.guard"),
    ("protection:\n  named: [Makefile]\n", 2, "people name files"),
    ("cogs: cogs.dice\n", 1, "cogs"),
    ("targets: 5\n", 1, "targets: expected a list here"),
    ("targets:\n  - {name: ada}\n", 2, "targets.0.repository is missing"),
    ("targets:\n  - name: ada\n    strat: {}\n", 3, "targets.0.strat; did you mean start?"),
    (
        "targets:\n  - name: ada\n    repository: x\n    start: {}\n",
        4,
        "targets.0.start: Value error, set exactly one of file, module and factory",
    ),
    (
        "targets:\n  - &a {name: ada, repository: x, start: {file: a.py}}\n  - *a\n",
        1,
        "two targets have the name ada",
    ),
    (
        "targets:\n  - {name: theseus, repository: x, start: {file: a.py}}\n",
        1,
        "theseus is this bot itself",
    ),
    ("research:\n  web:\n    hosts: [127.0.0.1]\n", 3, "127.0.0.1 is no host name"),
    ("research:\n  web:\n    hosts: [https://a.example]\n", 3, "is no host name"),
    ("research:\n  web: {provider: brave}\n", 2, "hosts: a search needs at least one host"),
    (
        "research:\n  web: {hosts: [a.example], pages: [https://b.example/x]}\n",
        2,
        "pages: b.example has to be in hosts as well",
    ),
    ("research:\n  web: {pages: [http://a.example]}\n", 2, "http://a.example is no address"),
    ("runs: {workers: 2\n", None, "not valid YAML"),
    ("runs:\n\tworkers: 2\n", 2, "not valid YAML"),
    ("a: &a\n  b: *a\n", 1, "contains itself"),
    ("[1, 2]: 3\n", 1, "not valid YAML"),
    ("\x00\n", None, "not valid YAML"),
    ("5: x\n", 1, "5"),
]


@pytest.mark.parametrize(("text", "line", "said"), BAD_CONFIG)
def test_a_bad_configuration_names_the_file_the_line_and_the_key(
    text: str, line: int | None, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text + CHECKS, "data/config.yaml")
    message = str(caught.value)
    assert said in message
    assert message.startswith("data/config.yaml")
    if line is not None:
        assert message.startswith(f"data/config.yaml, line {line}: "), message


def test_off_is_a_word_where_a_word_is_wanted_and_a_switch_where_a_switch_is() -> None:
    text = "gates: {revert: off}\nvoice: {provider: off}\ntraffic: {record: off}\n"
    config = parse_config(text + CHECKS, "data/config.yaml")
    assert (config.gates.revert, config.voice.provider) == ("off", "off")
    assert config.traffic.record is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "checks is missing"),
        ("bogus: 1\n", "unknown key bogus"),
        ("checks: {}\n", "checks.quick"),
        ("- just\n- a list\n", "expected `key: value` lines"),
        ("just text\n", "expected `key: value` lines"),
        ("checks:\n  quick: []\n", "checks.quick"),
        ("checks:\n  quick:\n    - {name: lint}\n", "command"),
        ("checks:\n  quick:\n    - {name: lint, command: ruff check}\n", "command"),
        ("checks:\n  quick:\n    - {name: '', command: [ruff]}\n", "name"),
        ("checks:\n  quick:\n    - {name: x, command: [ruff], seconds: 9999}\n", "seconds"),
        (
            "checks:\n  quick:\n    - {name: x, command: [ruff], second: 5}\n",
            "did you mean seconds",
        ),
    ],
)
def test_bad_checks_are_named_too(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"^config, line \d+: ") as caught:
        parse_config(text, "config")
    assert said in str(caught.value)


def test_classes_of_paths_stand_beside_the_built_in_ones_or_in_their_place() -> None:
    classes = "{money: {guard: never, paths: [bank]}, prompts: {guard: named, paths: [prompts]}}"
    config = parse_config(f"{CHECKS}protection: {{classes: {classes}}}\n", "config")
    assert config.protection.find_class("bank/account.py") == ("money", "never")
    assert config.protection.find_class("prompts/persona.md") == ("prompts", "named")
    assert config.protection.find_class("bot/authority/policy.py") == ("authority", "named")
    assert config.protection.describe_restriction("bot/authority/policy.py")
    assert not config.protection.add_named_files(["bot/authority/policy.py"]).describe_restriction(
        "bot/authority/policy.py"
    )


def test_checks_are_read_whatever_the_rest_looks_like() -> None:
    text = CHECKS + "nonsense: [1]\n"
    assert parse_checks(text, "base").quick[0].name == "lint"
    with pytest.raises(ConfigError, match=r"^base, line 2: .*quick"):
        parse_checks("checks:\n  quick: 5\n", "base")


SECRET = "hunter2-very-secret"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("DISCORD_TOKN=x\n", 1, "did you mean DISCORD_TOKEN?"),
        ("\n# a comment\nFOO=bar\n", 3, "known keys: ANTHROPIC_API_KEY"),
        (f"DISCORD_TOKEN='{SECRET}\n", 1, "DISCORD_TOKEN=... is not KEY=value"),
        (f"{SECRET} and more\n", 1, "this is not KEY=value"),
        ("GITHUB_TOKEN\n", 1, "GITHUB_TOKEN has no = and no value"),
        (f"GITHUB_TOKEN=a\nGITHUB_TOKEN={SECRET}\n", 2, "set twice"),
        ("\nTHESEUS_HTTP_PORT=http\n", 2, "THESEUS_HTTP_PORT"),
        ("THESEUS_HTTP_PORT=70000\n", 1, "THESEUS_HTTP_PORT"),
        (f"THESEUS_DISCORD_API_URL={SECRET}\n", 1, "THESEUS_DISCORD_API_URL"),
        ("THESEUS_DISCORD_API_URL=ftp://x\n", 1, "THESEUS_DISCORD_API_URL"),
        (f"ANTHROPIC_BASE_URL={SECRET}\n", 1, "ANTHROPIC_BASE_URL"),
    ],
)
def test_a_bad_env_file_names_the_line_and_the_key_and_never_a_value(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    file = tmp_path / ".env"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_environment({}, file)
    assert str(caught.value).startswith(f"{file}, line {line}: ")
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_bad_variable_names_the_environment(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the environment: THESEUS_HTTP_PORT is wrong"):
        read_environment({"THESEUS_HTTP_PORT": SECRET}, tmp_path / ".env")


@pytest.mark.parametrize(
    ("name", "near"),
    [("THESEUS_STAET", "THESEUS_STATE?"), ("THESEUS_FOO", "known keys: ANTHROPIC_API_KEY")],
)
def test_a_variable_that_only_begins_as_ours_do_is_named_with_the_near_one(
    tmp_path: Path, name: str, near: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_environment({"PATH": "/bin", name: SECRET}, tmp_path / ".env")
    assert str(caught.value).startswith(f"the environment: unknown variable {name}; ")
    assert near in str(caught.value)
    assert SECRET not in str(caught.value)


def test_every_variable_the_bot_gives_to_what_it_starts_may_be_there_when_it_starts(
    tmp_path: Path,
) -> None:
    sources = [path.read_text() for path in (ROOT / "bot").rglob("*.py")]
    given = {name for text in sources for name in re.findall(r"\bTHESEUS_[A-Z_]+\b", text)}
    others = {name: "x" for name in given if name.lower() not in Environment.model_fields}
    assert "THESEUS_PASS" in others
    read_environment(others, tmp_path / ".env")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_configuration_that_cannot_be_read_names_the_way_out(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data/config.yaml").write_bytes(content)
    (tmp_path / "cogs").mkdir()
    with pytest.raises(ConfigError, match=r"config\.yaml cannot be read .*set THESEUS_CONFIG"):
        load(tmp_path, {})


def test_a_folder_that_is_no_checkout_is_called_that(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is no checkout of a bot\..* theseus new bot DIR"):
        load(tmp_path, {})


def test_an_env_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(ConfigError, match=r"\.env cannot be read"):
        read_environment({}, tmp_path / ".env")


COG_ENV = "WEATHER_API_KEY=abcdefgh1234\nTHESEUS_COG_PREFIXES=WEATHER_, MUSIC_\nMUSIC_ROOM=7\n"


def test_keys_of_cogs_with_a_declared_prefix_are_given_to_them(tmp_path: Path) -> None:
    settings = load(_home(tmp_path, dotenv=COG_ENV), {"MUSIC_ROOM": "8"})
    variables = {"MUSIC_ROOM": "8"}
    provide_cog_variables(settings, variables)
    assert variables == {"MUSIC_ROOM": "8", "WEATHER_API_KEY": "abcdefgh1234"}
    assert "abcdefgh1234" not in repr(settings)


def test_the_values_of_cogs_keys_are_taken_out_of_what_is_said(tmp_path: Path) -> None:
    forget = guard_secrets(load(_home(tmp_path, dotenv=COG_ENV), {}))
    try:
        assert "abcdefgh1234" not in redact("the key is abcdefgh1234")
    finally:
        forget()


def test_a_key_without_a_declared_prefix_is_refused_with_the_way_out(tmp_path: Path) -> None:
    home = _home(tmp_path, dotenv="WEATHER_API_KEY=x\n")
    with pytest.raises(ConfigError, match=r"line 1: unknown key.*THESEUS_COG_PREFIXES=WEATHER_"):
        load(home, {})


@pytest.mark.parametrize("typo", ["DISCORD_TOKN=x", "THESEUS_HTTP_PROT=1"])
def test_a_slip_in_a_key_of_the_bots_own_is_refused_all_the_same(tmp_path: Path, typo: str) -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        load(_home(tmp_path, dotenv=f"{COG_ENV}{typo}\n"), {})


@pytest.mark.parametrize(
    ("prefix", "reason"),
    [
        ("THESEUS_", "THESEUS_"),
        ("THESEUS_WEATHER_", "the bot's own key"),
        ("DISCORD_", "DISCORD_TOKEN"),
        ("A", "ends with _"),
        ("weather_", "capital letters"),
        ("*", "is no prefix"),
    ],
)
def test_a_prefix_that_covers_the_bots_own_keys_or_is_none_is_refused(
    tmp_path: Path, prefix: str, reason: str
) -> None:
    home = _home(tmp_path, dotenv=f"THESEUS_COG_PREFIXES={prefix}\n")
    with pytest.raises(ConfigError, match=re.escape(reason)):
        load(home, {})
