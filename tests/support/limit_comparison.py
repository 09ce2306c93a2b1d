"""Compares the local Discord's shapes with the schemas of Discord's API description."""

from collections.abc import Iterator, Mapping
from typing import Any

from local_discord.limits.shapes import Address, ByType, Choice, Fields, Integer, Items, Shape, Text

from tests.support.discord_description import Description

Schema = Mapping[str, Any]
Difference = tuple[str, Any, Any]  # path, our limit, the description's limit


class Comparison:
    """Walks a shape and a schema side by side."""

    def __init__(self, description: Description) -> None:
        self._description = description

    def find_differences(self, shape: Shape, schema: Schema, at: str = "") -> Iterator[Difference]:
        """Yield each limit that differs between the two."""
        schema = self.resolve_schema(schema)
        match shape:
            case Text():
                theirs = schema.get("minLength", 0), schema.get("maxLength")
                yield from _compare_values(at, (shape.least, shape.most), theirs)
            case Integer():
                theirs = schema.get("minimum"), schema.get("maximum")
                yield from _compare_values(at, (shape.least, shape.most), theirs)
            case Address():
                yield from _compare_values(
                    at, ("uri", shape.most), (schema["format"], schema["maxLength"])
                )
            case Choice():
                yield from _compare_values(at, set(shape.among), self._list_values(schema))
            case Items():
                theirs = schema.get("minItems", 0), schema.get("maxItems")
                yield from _compare_values(at, (shape.least, shape.most), theirs)
                yield from self.find_differences(shape.of, schema["items"], f"{at}[]")
            case Fields():
                needed = set(shape.needed) - {"type"}  # which choosing by it holds already
                yield from _compare_values(
                    f"{at} needed", needed, self._list_required(shape, schema)
                )
                for key, part in shape.known.items():
                    properties = schema["properties"]
                    yield from self.find_differences(
                        part, properties[key], f"{at}.{key}".lstrip(".")
                    )
            case ByType():
                for kind, part in shape.shapes.items():
                    yield from self.find_differences(
                        part, self.find_branch(schema, kind), f"{at}<{kind}>"
                    )

    def resolve_schema(self, schema: Schema) -> Schema:
        """Follow a reference, and what may be null to what it is otherwise."""
        while True:
            if "$ref" in schema:
                schema = self._description.get_schema(schema["$ref"].rpartition("/")[2])
            alternatives = [each for each in schema.get("oneOf", ()) if each.get("type") != "null"]
            if len(alternatives) != 1 or len(alternatives) == len(schema.get("oneOf", ())):
                return schema
            schema = alternatives[0]

    def find_branch(self, schema: Schema, kind: int) -> Schema:
        """Return the alternative for a `type`."""
        for each in schema.get("oneOf", (schema,)):
            found = self.resolve_schema(each)
            if kind in self._list_values(self.resolve_schema(found["properties"]["type"])):
                return found
        raise AssertionError(f"the description has no type {kind} here")

    def _list_values(self, schema: Schema) -> set[int]:
        schema = self.resolve_schema(schema)
        if "enum" in schema:
            return set(schema["enum"])
        return {each["const"] for each in schema.get("oneOf", ()) if "const" in each}

    def _list_required(self, shape: Fields, schema: Schema) -> set[str]:
        """Return the keys that the description requires, among those that the shape knows or
        requires.
        """
        known = {*shape.known, *shape.needed} - {"type"}
        return set(schema.get("required", ())) & known


def _compare_values(at: str, ours: Any, theirs: Any) -> Iterator[Difference]:
    if ours != theirs:
        yield at, ours, theirs
