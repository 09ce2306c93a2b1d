"""Setting keys in the text of a YAML file; comments and every other line stay as they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from bot.domain.errors import ConfigError

Path = tuple[str, ...]


def get_value(text: str, path: Path) -> object:
    """Return the value at a path, or `None` if there is none."""
    found: Any = yaml.safe_load(text)
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def set_keys(text: str, changes: Mapping[Path, object], source: str) -> str:
    """Return the text with these paths set to these values.

    What is there is replaced in place; a list written one item a line keeps the lines of the items
    that stay. What is not there is added to the section it belongs to. The result is read back:
    raises `ConfigError`, naming `source` and the key, where it would say anything else than asked.
    """
    for path, value in changes.items():
        expected = _set_nested(yaml.safe_load(text), path, value)
        edited = _edit(text, path, value)
        if _read(edited) != expected:
            key = ".".join(path)
            raise ConfigError(
                f"{source}: {key} could not be changed without touching what is around it; set it "
                f"by hand to {_format_flow(value)}."
            )
        text = edited
    return text


def _read(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None


def _set_nested(content: Any, path: Path, value: object) -> Any:
    """Return a copy of the content with one value set there and nowhere else."""
    top = _expand_aliases(content) if isinstance(content, dict) else {}
    place = top
    for part in path[:-1]:
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place = place[part]
    place[path[-1]] = value
    return top


def _expand_aliases(content: Any) -> Any:
    """Return a copy in which what an alias shares is there twice."""
    if isinstance(content, dict):
        return {key: _expand_aliases(value) for key, value in content.items()}
    return [_expand_aliases(each) for each in content] if isinstance(content, list) else content


def _format_flow(value: object) -> str:
    """Return a value as YAML on one line, safe inside brackets too."""
    listed = yaml.safe_dump([value], default_flow_style=True, width=1 << 30, allow_unicode=True)
    return listed.strip()[1:-1]


def _iterate_entries(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    yield from node.value


def _edit(text: str, path: Path, value: object) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, part in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            return _replace(text, node, _build_nested(path[depth:], value))
        inner = next((each for key, each in _iterate_entries(node) if key.value == part), None)
        if inner is None:
            return _add(text, node, part, _build_nested(path[depth + 1 :], value))
        node = inner
    return _replace(text, node, value)


def _build_nested(path: Sequence[str], value: object) -> object:
    for part in reversed(path):
        value = {part: value}
    return value


def _end(text: str, node: yaml.Node) -> int:
    """Return the end of a node's text; the end mark of a block would include later comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    stop = int(node.end_mark.index)
    folded = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return len(text[:stop].rstrip("\r\n")) if folded else stop


def _replace(text: str, node: yaml.Node | None, value: object) -> str:
    if node is None:  # an empty file
        return text + _format_flow(value) + "\n"
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and isinstance(value, list):
        edited = _edit_list_lines(text, node, value)
        if edited is not None:
            return edited
    start, end = node.start_mark.index, _end(text, node)
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and start:
        start = len(text[:start].rstrip())  # a block begins on a new line, a flow value does not
    gap = " " if start and not text[start - 1].isspace() and text[start - 1] not in "[{," else ""
    return text[:start] + gap + _format_flow(value) + text[end:]


def _edit_list_lines(text: str, node: yaml.SequenceNode, value: list[object]) -> str | None:
    """Return the text with a list of one item a line changed line by line; `None`: cannot."""
    items = node.value
    if not value or not all(isinstance(each, yaml.ScalarNode) for each in items):
        return None
    indent = " " * node.start_mark.column
    first = text.rfind("\n", 0, node.start_mark.index) + 1
    if text[first : node.start_mark.index].strip():
        return None
    stop = text.find("\n", _end(text, node))
    stop = len(text) if stop < 0 else stop + 1
    lines = text[first:stop].splitlines(keepends=True)
    offset = text.count("\n", 0, first)
    values = {each.start_mark.line - offset: yaml.safe_load(each.value) for each in items}
    out = [
        line for number, line in enumerate(lines) if number not in values or values[number] in value
    ]
    if out and not out[-1].endswith("\n"):
        out[-1] += "\n"
    out += [f"{indent}- {_format_flow(each)}\n" for each in value if each not in values.values()]
    return text[:first] + "".join(out) + text[stop:]


def _add(text: str, node: yaml.MappingNode, key: str, value: object) -> str:
    """Return the text with a key added to a mapping."""
    entry = f"{_format_flow(key)}: {_format_flow(value)}"
    if node.flow_style:
        at = int(node.end_mark.index) - 1
        return text[:at].rstrip() + (", " if node.value else "") + entry + text[at:]
    column = node.start_mark.column
    stop = text.find("\n", _end(text, node))
    if stop < 0:
        text, stop = text + "\n", len(text)
    return text[: stop + 1] + " " * column + entry + "\n" + text[stop + 1 :]


def append_item(text: str, key: str, item: Mapping[str, object], comment: str, source: str) -> str:
    """Return the text with an item added to the list at a top-level key, with a comment above it.

    The list is written one item a line. Raises `ConfigError`, naming `source` and the key, if the
    list is written within brackets, or the result would say anything else than asked.
    """
    current = get_value(text, (key,)) or []
    if not isinstance(current, list):
        raise ConfigError(f"{source}: {key} is not a list; correct it first.")
    edited = _insert_block(text, key, lambda indent: _format_block(item, comment, indent))
    expected = {**(_read_mapping(text)), key: [*current, item]}
    if _read(edited) != expected:
        raise ConfigError(
            f"{source}: {key} could not be changed without touching what is around it; write one "
            f"`- ` line for each of its items, then try again."
        )
    return edited


def _read_mapping(text: str) -> dict[str, object]:
    found = yaml.safe_load(text)
    return found if isinstance(found, dict) else {}


def _format_block(item: Mapping[str, object], comment: str, indent: int) -> str:
    """Return an item of a list as lines, with this indentation."""
    dumped = yaml.safe_dump(
        [dict(item)],
        sort_keys=False,
        width=96 - indent,
        allow_unicode=True,
        default_flow_style=None,
    )
    lines = [f"# {comment}", *dumped.rstrip("\n").split("\n")]
    return "".join(f"{' ' * indent}{line}".rstrip() + "\n" for line in lines)


def _insert_block(text: str, key: str, build: Callable[[int], str]) -> str:
    """Return the text with lines added at the end of a list, which may be missing or empty."""
    text += "" if text.endswith("\n") or not text else "\n"
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    entries = _iterate_entries(node) if isinstance(node, yaml.MappingNode) else iter(())
    value = next((each for name, each in entries if name.value == key), None)
    if value is None:
        return f"{text}\n{key}:\n{build(2)}"
    if isinstance(value, yaml.SequenceNode) and value.value and not value.flow_style:
        line = text.find("\n", _end(text, value)) + 1
        return text[:line] + build(value.start_mark.column) + text[line:]
    start, end = value.start_mark.index, value.end_mark.index
    before = text[:start].rstrip(" ") if end > start else text[:start]
    line = text.find("\n", end)
    return before + text[end : line + 1] + build(2) + text[line + 1 :]
