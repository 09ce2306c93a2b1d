"""Configuration files and environments: an error names file, line and key, or all is well."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.settings._config import parse_checks, parse_config, parse_protection
from bot.settings._environment import read_environment
from tests.fuzz.judge import Case
from tests.fuzz.variation import Choices, build_text_case, vary_text

_ROOT = Path(__file__).parents[2]
_ENVIRONMENT = (
    "# the bot\nDISCORD_TOKEN='abc.def.ghi'\nTHESEUS_CONFIG=data/config.yaml\n"
    'export THESEUS_HTTP_PORT=8080\nTHESEUS_STATE="$HOME/state"\nMY_KEY=1 # mine\n'
)


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: both files of a bot, varied."""
    sample = (_ROOT / "data" / "config.yaml").read_text()
    plain = [line for line in sample.splitlines() if line.strip() and "#" not in line]
    chunk = 40
    seeds = tuple("\n".join(plain[at : at + chunk]) for at in range(0, len(plain), chunk))
    dotenv = folder / ".env"

    def parse(data: bytes) -> None:
        choices = Choices(data)
        how = choices.take_number(8)
        if how == 0:
            dotenv.write_bytes(vary_text(_ENVIRONMENT, choices).encode("utf-8", "surrogatepass"))
            _expect(lambda: read_environment({}, dotenv), ".env")
            return
        text = build_text_case(choices.rest, seeds)
        parsers = (parse_config, parse_checks, parse_protection)
        _expect(lambda: parsers[how % len(parsers)](text, "the file"), "the file")

    return parse


def _expect(parse: Callable[[], object], place: str) -> None:
    """Parse, and hold an error to what it has to say."""
    try:
        parse()
    except ConfigError as error:
        if place not in str(error):
            raise AssertionError(f"the error does not name {place}: {error}") from error
