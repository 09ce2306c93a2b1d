"""YAML texts: read with the line of each key, written so that they read back the same."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import yaml

from theseus_rehearsal.errors import UnreadableYaml

_MOST_DEPTH = 60


class BoundedLoader(yaml.SafeLoader):
    """Refuses deep nesting at once: the time that PyYAML takes grows with its square."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node. Raises `RecursionError` below so many others."""
        if self._depth >= _MOST_DEPTH:
            raise RecursionError("it is nested too deep to be read")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class WordsLoader(BoundedLoader):
    """Loads YAML in which only `true`, `false`, `null` and numbers are not strings.

    It is for texts that people write about a chat: `on`, `yes`, `12:30` and `2026-01-01` are
    strings there, not booleans, numbers or dates.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012  PyYAML's own way to say it


class TextsLoader(BoundedLoader):
    """Loads YAML in which every scalar is a string: `1.0` and `yes` stay as they are written."""

    yaml_implicit_resolvers = {}  # noqa: RUF012


class WordsDumper(yaml.SafeDumper):
    """Writes YAML for `WordsLoader`; texts of several lines become block scalars."""

    yaml_implicit_resolvers = {}  # noqa: RUF012

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Write a text of several lines as a block, if that preserves every character."""
        style = "|" if "\n" in data else None
        if not all(sign.isprintable() or sign == "\n" for sign in data):
            style = '"'  # PyYAML writes signs such as U+0085 as line ends, except in double quotes
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def ignore_aliases(self, data: object) -> bool:
        """Write equal values out, each time."""
        return True


_PLAIN = {
    "null": (r"(?:null|~|)$", ["n", "~", ""]),
    "bool": (r"(?:true|false)$", ["t", "f"]),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    "float": (
        r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$",
        list("-+0123456789"),
    ),
}
for _kind in (WordsLoader, WordsDumper):
    for _name, (_pattern, _first) in _PLAIN.items():
        _kind.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), _first)
WordsDumper.add_representer(str, WordsDumper.represent_str)


class YamlText(NamedTuple):
    """A parsed text with the lines of its parts. The `content` of an empty text is `{}`."""

    source: str
    content: object
    node: yaml.Node

    def find_line(self, path: Sequence[str | int]) -> int:
        """Return the line (from 1) of the value at `path`, or of its nearest existing parent."""
        node, line = self.node, self.node.start_mark.line + 1
        for part in path:
            found = _find_child(node, part)
            if found is None:
                break
            node, line = found
        return line


def read_yaml(text: str, source: str, loader: type[yaml.SafeLoader] = BoundedLoader) -> YamlText:
    """Read YAML. Raises `UnreadableYaml`, which names `source` and the line.

    A key that is there twice, and a value that contains itself, are errors.
    """
    try:
        reading = loader(text)
        node = reading.get_single_node()
        if node is None:
            nowhere = yaml.Mark(source, 0, 0, 0, None, 0)
            return YamlText(source, {}, yaml.MappingNode("", [], nowhere))
        _refuse_duplicates(node, source)
        content = reading.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UnreadableYaml(f"{source}, line {line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableYaml(f"{source}: not valid YAML: {error}") from error
    except RecursionError:
        raise UnreadableYaml(f"{source}: it is nested too deep to be read.") from None
    return YamlText(source, content, node)


def write_yaml(value: object) -> str:
    """Return a value of mappings, lists, texts and numbers as YAML for `WordsLoader`."""
    return yaml.dump(value, Dumper=WordsDumper, sort_keys=False, allow_unicode=True, width=100)


def _refuse_duplicates(node: yaml.Node, source: str, above: tuple[yaml.Node, ...] = ()) -> None:
    if any(node is each for each in above):
        line = node.start_mark.line + 1
        raise UnreadableYaml(f"{source}, line {line}: this contains itself; write it out.")
    above = (*above, node)
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(item, source, above)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue  # an invalid key, which is reported when the values are built
        line = key.start_mark.line + 1
        if key.value in seen:
            raise UnreadableYaml(
                f"{source}, line {line}: {key.value} is set twice (first on line "
                f"{seen[key.value]}); keep one."
            )
        seen[key.value] = line
        _refuse_duplicates(value, source, above)


def _find_child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        # Reversed, because merged keys (`<<`) come before the node's own keys, which override them.
        for key, value in reversed(node.value):
            if key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, item.start_mark.line + 1
    return None
