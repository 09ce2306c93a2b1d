"""Parses the `server.yaml` of a skill: one MCP server, with the keys of an entry of `tools:`."""

from pydantic import ValidationError
from theseus_rehearsal.errors import UnreadableYaml
from theseus_rehearsal.yaml_text import WordsLoader, read_yaml

from bot.domain.errors import ConfigError
from bot.domain.tools import McpServer


def parse_server(text: str, skill: str, path: str) -> McpServer:
    """Return the server of a skill, which has the skill's name. Raises `ConfigError`.

    A skill is text that a change may bring, so its server gets no secret: only the configuration,
    which no run changes, names a server that has one.
    """
    try:
        read = read_yaml(text, path, WordsLoader)
    except UnreadableYaml as error:
        raise ConfigError(str(error)) from error
    content = read.content
    if not isinstance(content, dict):
        raise ConfigError(f"{path}, line 1: expected `key: value` lines, such as `command: [...]`.")
    for key, way_out in (
        ("name", "remove it: the server has the skill's name"),
        ("secrets", "a skill's server gets none; name the server in data/config.yaml instead"),
    ):
        if key in content:
            raise ConfigError(f"{path}, line {read.find_line([key])}: {key}: {way_out}.")
    try:
        return McpServer.model_validate({**content, "name": skill})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    where = [part for part in first["loc"] if isinstance(part, str | int)]
    if where[:1] == ["name"]:
        raise ConfigError(
            f"{path}: a skill with a server has a name of at most 31 small letters, digits and "
            "hyphens that begins with a letter: rename its folder."
        )
    line, key = read.find_line(where), ".".join(map(str, where)) or "the server"
    raise ConfigError(f"{path}, line {line}: {key}: {first['msg']}.")
