"""Places the graph of faults, files and fixes in columns, to be drawn as SVG. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.run_cases import GraphEdge

_COLUMNS: dict[str, int] = {
    "file": 0, "commit": 0, "reports": 0, "fault": 1, "fix": 2, "outcome": 3,
}  # fmt: skip
_WIDTH, _HEIGHT, _BOX = 240, 34, 210
_LONGEST = 30


class DrawnNode(NamedTuple):
    """A box with a label, cut if it is long; `title` is the whole name."""

    kind: str
    label: str
    title: str
    x: int
    y: int

    @property
    def text_x(self) -> int:
        """Where the label begins."""
        return self.x + 8

    @property
    def text_y(self) -> int:
        """The base line of the label."""
        return self.y + 19


class DrawnEdge(NamedTuple):
    """A line between two boxes, and what it means."""

    x1: int
    y1: int
    x2: int
    y2: int
    relation: str


class DrawnGraph(NamedTuple):
    """All boxes and lines, and the size of the drawing."""

    nodes: Sequence[DrawnNode]
    edges: Sequence[DrawnEdge]
    width: int
    height: int
    box: int = _BOX


def draw_graph(edges: Sequence[GraphEdge]) -> DrawnGraph:
    """Return the graph, its nodes in the order in which they first occur.

    Each node is in the column of its kind; what a fix changed or became is behind the fix.
    """
    names = dict.fromkeys(name for edge in edges for name in _name_ends(edge))
    counts = [0] * 4
    nodes: dict[str, DrawnNode] = {}
    for name in names:
        column = 3 if name.startswith(">") else _COLUMNS[name.partition(":")[0]]
        nodes[name] = _build_node(name.removeprefix(">"), column, counts[column])
        counts[column] += 1
    lines = [_connect(nodes[source], nodes[target], edge.relation)
             for edge in edges for source, target in [_name_ends(edge)]]  # fmt: skip
    return DrawnGraph(
        nodes=list(nodes.values()),
        edges=lines,
        width=3 * _WIDTH + _BOX,
        height=max(counts) * _HEIGHT,
    )


def _name_ends(edge: GraphEdge) -> tuple[str, str]:
    """Return both nodes; what follows a fix is another box than what led to it."""
    is_behind = edge.source.startswith("fix:") and not edge.target.startswith("outcome:")
    return edge.source, f">{edge.target}" if is_behind else edge.target


def _build_node(name: str, column: int, row: int) -> DrawnNode:
    kind, _, label = name.partition(":")
    label = f"{label} reports" if kind == "reports" else label
    short = label if len(label) <= _LONGEST else f"…{label[1 - _LONGEST :]}"
    return DrawnNode(kind, short, f"{kind} {label}", column * _WIDTH, row * _HEIGHT)


def _connect(source: DrawnNode, target: DrawnNode, relation: str) -> DrawnEdge:
    middle = _HEIGHT // 2 - 3
    return DrawnEdge(source.x + _BOX, source.y + middle, target.x, target.y + middle, relation)
