"""Values for a shape: the least one that is taken, those at its limits, and random ones."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from local_discord.limits.shapes import (
    Address,
    Anything,
    ByType,
    Choice,
    Fields,
    Integer,
    Items,
    Shape,
    Text,
)

_PAGE = "://example.org/"


def make_minimum(shape: Shape) -> Any:
    """Return the smallest value that is taken."""
    match shape:
        case Text():
            return "a" * shape.least
        case Integer():
            return shape.least if shape.least is not None else 0
        case Anything():
            return 1
        case Choice():
            return shape.among[0]
        case Address():
            return shape.schemes[0] + _PAGE
        case Items():
            return [make_minimum(shape.of) for _ in range(shape.least)]
        case Fields():
            return {
                key: make_minimum(shape.known[key]) for key in shape.needed if key in shape.known
            }
        case ByType():
            kind, part = next((k, p) for k, p in shape.shapes.items() if _is_modelled(p))
            return {"type": kind, **make_minimum(part)}
    raise AssertionError(f"no value is known for {shape}")


Case = tuple[str, Any, bool]


def iterate_limits(shape: Shape, path: tuple[str | int, ...] = ()) -> Iterator[Case]:
    """Yield values of the shape with one part at a limit (`True`) or just over it (`False`)."""
    match shape:
        case Items():
            for size in (shape.most, shape.most + 1, *range(shape.least)):
                yield (
                    _format_path(path),
                    [make_minimum(shape.of)] * size,
                    shape.least <= size <= shape.most,
                )
            rest = [make_minimum(shape.of)] * (shape.least - 1)
            for at, value, good in iterate_limits(shape.of, (*path, "[]")):
                yield at, [value, *rest], good
        case Fields():
            for key, part in shape.known.items():
                for at, value, good in iterate_limits(part, (*path, key)):
                    yield at, {**make_minimum(shape), key: value}, good
        case ByType():
            for kind, part in shape.shapes.items():
                for at, value, good in iterate_limits(part, (*path, f"<{kind}>")):
                    yield at, {"type": kind, **value}, good
        case _:
            yield from (
                (_format_path(path), value, good) for value, good in _iterate_scalars(shape)
            )


def _iterate_scalars(shape: Shape) -> Iterator[tuple[Any, bool]]:
    """Give a text, a number or an address at its limits and over them."""
    match shape:
        case Text():
            for size in {shape.most, shape.most + 1, shape.least, max(0, shape.least - 1)}:
                yield "a" * size, shape.least <= size <= shape.most
        case Integer(least=int(low), most=int(high)):
            yield from ((low, True), (high, True), (low - 1, False), (high + 1, False))
        case Choice():
            yield from ((each, True) for each in shape.among)
            yield max(shape.among) + 1_000, False
        case Address():
            start = shape.schemes[0] + _PAGE
            for size in (shape.most, shape.most + 1):
                yield start + "a" * (size - len(start)), size == shape.most
            yield "/forge/pulls/2", False


def _format_path(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path)).replace(".[]", "[]").replace(".<", "<")


def _is_modelled(shape: Shape) -> bool:
    """Return whether the shape has limits; values of others are checked behind the local
    Discord.
    """
    return not isinstance(shape, Fields) or bool(shape.known)


def make_strategy(shape: Shape) -> st.SearchStrategy[Any]:
    """Return a strategy for random values, with parts often at a limit and sometimes over it."""
    match shape:
        case Text():
            sizes = {0, 1, shape.least, shape.most, shape.most + 1}
            return st.sampled_from(sorted(sizes)).map(lambda size: "a" * size)
        case Anything():
            return st.just(1)
        case Integer():
            around = [each for each in (shape.least, shape.most) if each is not None] or [0]
            return st.sampled_from([each + step for each in around for step in (-1, 0, 1)])
        case Choice():
            return st.sampled_from([*shape.among, 999])
        case Address():
            good = [scheme + _PAGE for scheme in shape.schemes]
            return st.sampled_from(
                [*good, "ftp" + _PAGE, "/forge/2", "https://" + "a" * shape.most]
            )
        case Items():
            few = st.lists(
                make_strategy(shape.of), min_size=shape.least, max_size=min(shape.most, 3)
            )
            many = [[make_minimum(shape.of)] * (shape.most + 1), []]
            return few | st.sampled_from(many)
        case Fields():
            return _make_object_strategy(shape)
        case ByType():
            kinds = [(k, p) for k, p in shape.shapes.items() if _is_modelled(p)]
            return st.one_of([_make_typed_strategy(kind, part) for kind, part in kinds])
    raise AssertionError(f"no values are known for {shape}")


def _make_object_strategy(shape: Fields) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for objects in which any key may be missing, required keys rarely."""
    needed = {key: make_strategy(shape.known[key]) for key in shape.needed if key in shape.known}
    others = {key: make_strategy(part) for key, part in shape.known.items() if key not in needed}
    whole = st.fixed_dictionaries(needed, optional=others)
    return whole | whole.flatmap(_drop_key)


def _drop_key(complete: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    if not complete:
        return st.just(complete)
    gone = st.sampled_from(sorted(complete))
    return gone.map(lambda key: {name: value for name, value in complete.items() if name != key})


def _make_typed_strategy(kind: int, shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    return make_strategy(shape).map(lambda value: {"type": kind, **value})
