"""YAML whose errors name the file, the line and the key."""

import difflib
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from theseus_rehearsal.errors import UnreadableYaml
from theseus_rehearsal.yaml_text import WordsLoader, YamlText, read_yaml

from bot.domain.errors import ConfigError

M = TypeVar("M", bound=BaseModel)


def _find_model(annotation: object) -> type[BaseModel] | None:
    """Return the model an annotation holds: `Checks`, or `Check` in `tuple[Check, ...]`."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def _list_known_keys(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    current: type[BaseModel] = model
    for part in path:
        if isinstance(part, int):
            continue  # an item of a list: its model was found with the list
        field = current.model_fields.get(part)
        inner = _find_model(field.annotation) if field else None
        if inner is None:
            return []
        current = inner
    return sorted(current.model_fields)


def _explain(problem: ErrorDetails, model: type[BaseModel]) -> str:
    path = problem["loc"]
    dotted = ".".join(str(part) for part in path)
    if problem["type"] == "missing":
        return f"{dotted} is missing"
    if problem["type"] in ("model_type", "model_attributes_type"):
        return f"{dotted}: expected `key: value` lines here"
    if problem["type"] == "tuple_type":
        return f"{dotted}: expected a list here, such as [] or one `- ` line for each item"
    if problem["type"] != "extra_forbidden":
        return f"{dotted or 'the file'}: {problem['msg']}"
    known = _list_known_keys(model, path[:-1])
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"known keys here: {', '.join(known)}"
    return f"unknown key {dotted}; {hint}"


@lru_cache(maxsize=4)
def _read(text: str, source: str) -> YamlText:
    """Read YAML once, however many of its keys are asked for; models copy what they hold of it."""
    return read_yaml(text, source, WordsLoader)


def parse(text: str, model: type[M], source: str, *, only: str | None = None) -> M:
    """Validate YAML `text` (or only its top-level key `only`) as `model`.

    Raises `ConfigError` with `source`, line and key for one problem: an unknown key first, as it
    may be why another one is missing.
    """
    try:
        read = _read(text, source)
    except UnreadableYaml as error:
        raise ConfigError(str(error)) from error
    content = read.content
    if not isinstance(content, dict):
        raise ConfigError(f"{source}, line 1: expected `key: value` lines, see the example there.")
    prefix: tuple[str, ...] = ()
    if only is not None:
        content, prefix = content.get(only) or {}, (only,)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
        line = read.find_line((*prefix, *first["loc"]))
        raise ConfigError(f"{source}, line {line}: {_explain(first, model)}") from None
