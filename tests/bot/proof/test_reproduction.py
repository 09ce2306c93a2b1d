"""Tests written from capsules: the right call, only data in it, and clean formatting."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.journal import Capsule, Frame
from bot.domain.plan import Reproduction
from bot.proof.reproduction import build_candidates

ROOT = Path(__file__).parents[3]
DICE = """import random


def face(value: int, sides: int) -> str:
    return "abcdef"[value]


def loose(value, *rest, sides=6, **more):
    return value


async def later(text: str | None, /, items: list[int]) -> None:
    pass


def each(rolls: list[int]):
    yield rolls[0]


def guarded(text: str, limit: int = 5, *, deep: dict[str, int] | None = None) -> str:
    return text


def outer(value: int) -> None:
    def inner(value: int) -> None:
        pass


class Dice:
    def roll(self, value: int) -> None:
        pass

    @staticmethod
    def parse(text: str) -> int:
        return int(text)

    @classmethod
    def make(cls, sides: int) -> "Dice":
        return cls()

    @property
    def sides(self) -> int:
        return 6
"""


def frame(function: str, file: str = "cogs/dice.py", line: int = 5, **arguments: str) -> Frame:
    return Frame(file=file, line=line, function=function, arguments=arguments)


def written(*frames: Frame, exception: str = "IndexError") -> tuple[Reproduction, ...]:
    capsule = Capsule(
        exception=exception, message="boom", fingerprint="3F9A-2c11ffff", frames=frames
    )
    return build_candidates(capsule, read={"cogs/dice.py": DICE, "dice.py": DICE}.get)


def one(*frames: Frame) -> str:
    (found,) = written(*frames)
    return found.source


class Recorder:
    """Stands in for the module and keeps what it is called with."""

    def __init__(self) -> None:
        self.positional: tuple[object, ...] = ()
        self.named: dict[str, object] = {}

    def __getattr__(self, name: str) -> "Recorder":
        return self

    def __call__(self, *positional: object, **named: object) -> list[object]:
        self.positional, self.named = positional, named
        return []


def replayed(source: str) -> Recorder:
    """Run the test of a file with a recorder for the module; imports of ours are left out."""
    tree = ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.ImportFrom) and node.module == "cogs")
    ]
    recorder = Recorder()
    namespace: dict[str, object] = {"dice": recorder}
    exec(compile(tree, "test", "exec"), namespace)  # noqa: S102 - what is under test is this source
    (test,) = [value for name, value in namespace.items() if name.startswith("test_")]
    assert callable(test)
    test()
    return recorder


def test_the_innermost_function_is_called_with_its_arguments() -> None:
    (found,) = written(frame("face", value="6", sides="6"))
    assert found.source == (
        "from cogs import dice\n\n\n"
        "def test_face_does_not_raise_index_error() -> None:\n"
        '    """IndexError came out of face in cogs/dice.py: failure 3f9a2c11."""\n'
        "    dice.face(6, 6)\n"
    )
    assert found.path == "tests/regressions/test_face_3f9a2c11.py"
    assert found.node_id == f"{found.path}::test_face_does_not_raise_index_error"
    assert (found.calls, found.expects) == ("face(6, 6)", "IndexError")


def test_frames_are_tried_from_the_innermost_outwards() -> None:
    found = written(
        frame("guarded", text="'x'", limit="5", deep="None"),
        frame("Dice.roll", value="1"),
        frame("face", value="6", sides="6"),
    )
    assert [test.calls for test in found] == ["face(6, 6)", "guarded('x', 5, deep=None)"]


@pytest.mark.parametrize(
    "which",
    [
        frame("Dice.roll", value="1"),
        frame("Dice.sides"),
        frame("outer.<locals>.inner", value="1"),
        frame("face.<locals>.<listcomp>"),
        frame("<module>"),
        frame("<lambda>"),
        frame("gone", value="1"),
        frame("Gone.parse", text="'1'"),
        frame("face", value="6"),
        frame("face", value="6", sides="len('x')"),
        frame("face", value="6", sides="__import__('os').system('x')"),
        frame("face", value="6", sides="1e999"),
        frame("face", value="9" * 200, sides="6"),
        frame("face", file="cogs/other.py", value="6", sides="6"),
        frame("face", file="../cogs/dice.py", value="6", sides="6"),
        frame("face", file="cogs/di ce.py", value="6", sides="6"),
        frame("face", file="cogs/class.py", value="6", sides="6"),
        frame("loose", value="1", rest="[1]", more="{}"),
        frame("loose", value="1", rest="()", more="{'a b': 1}"),
        frame("loose", value="1", rest="()", more="{1: 1}"),
        frame("face(); import os; os.x", value="6", sides="6"),
    ],
)
def test_what_cannot_be_called_again_makes_no_test(which: Frame) -> None:
    assert written(which) == ()


@pytest.mark.parametrize(
    ("which", "words"),
    [
        (frame("Dice.parse", text="'x'"), '    dice.Dice.parse("x")\n'),
        (frame("Dice.make", cls="0", sides="6"), "    dice.Dice.make(6)\n"),
        (frame("later", text="None", items="[1]"), "    asyncio.run(dice.later(None, [1]))\n"),
        (frame("loose", value="1", rest="(2, 3)", more="{}"), "    call(1, 2, 3)\n"),
        (frame("loose", value="1", rest="()", sides="2", more="{'a': 3}"), "call(1, sides=2, a=3)"),
        (frame("guarded", text="'x'"), '    dice.guarded("x")\n'),
        (frame("guarded", text="'x'", deep="{'a': 1}"), '    dice.guarded("x", deep={"a": 1})\n'),
        (frame("face", value="None", sides="6"), "    call(None, 6)\n"),
        (frame("each", rolls="[]"), "    list(dice.each([]))\n"),
        (frame("each", rolls="None"), "    call: Callable[..., Iterable[object]] = dice.each\n"),
        (frame("face", file="dice.py", value="6", sides="6"), "import dice\n\n\ndef test_face"),
    ],
)
def test_calls_are_written_as_the_function_takes_them(which: Frame, words: str) -> None:
    assert words in one(which)


def test_of_two_definitions_the_one_the_frame_stood_in_is_meant() -> None:
    text = "def f(a):\n    pass\n\n\ndef f(b):\n    pass\n"
    capsule = Capsule(
        exception="E",
        message="",
        fingerprint="f",
        frames=(Frame(file="dice.py", line=2, function="f", arguments={"a": "1"}),),
    )
    assert len(build_candidates(capsule, read=lambda _: text)) == 1


HOSTILE = [
    "'",
    '"',
    "'\"",
    '"""',
    "'''",
    "\\",
    "\n",
    "\r\n",
    "\0",
    "{}",
    "{0.__class__}",
    "%s",
    '"); import os; os.system("x") #',
    "__import__('os').system('x')",
    "\u202e\u0430\u2028",
    "\ud800",
    "\U0001f3b2" * 30,
    "x" * 500,
    '"' * 120,
    "\\" * 120,
    "'\"\n" * 60,
    "# noqa",
    "text_1",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_strings_stay_data(text: str) -> None:
    value = [text, {text[:5]: (text,)}]
    recorder = replayed(one(frame("loose", value=repr(value), rest="()", more="{}")))
    assert recorder.positional == (value,)


def test_hostile_words_around_the_values_do_not_become_code() -> None:
    capsule = Capsule(
        exception='X"""\nimport os\n"""',
        message='"""\nraise SystemExit\n"""',
        fingerprint='"""\nboom() #',
        frames=(frame("face", value="6", sides="6"),),
    )
    (found,) = build_candidates(capsule, read=lambda _: DICE)
    assert replayed(found.source).positional == (6, 6)
    assert found.path == "tests/regressions/test_face_boom.py"


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=150)
    | st.binary(max_size=60)
)
keys = st.integers(-99, 99) | st.text(max_size=50)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        | st.sets(keys, max_size=3)
    ),
    max_leaves=8,
)


@given(first=values, second=values, more=st.dictionaries(st.sampled_from(["a", "b"]), values))
def test_every_literal_arrives_as_it_was(
    first: object, second: object, more: dict[str, object]
) -> None:
    found = one(frame("loose", value=repr(first), rest=repr((second,)), more=repr(more)))
    recorder = replayed(found)
    assert repr(recorder.positional) == repr((first, second)) or recorder.positional == (
        first,
        second,
    )
    assert recorder.named == more
    assert max(map(len, found.splitlines())) <= 100
    assert found.isascii()


LAYOUTS = [
    "0",
    "-1",
    "1e+16",
    "1.5",
    "()",
    "set()",
    "(1,)",
    "[1, 2, 3]",
    "'short'",
    "'say \"hi\"'",
    "'it\\'s \"both\"'",
    "b'\\xff\\'\"'",
    *(repr("x" * length) for length in (33, 34, 57, 58, 59, 60, 80, 84, 85, 86, 87, 88, 89, 90)),
    *(repr("x" * length) for length in (91, 92, 93, 100, 160, 161, 300)),
    *(repr('"' * length) for length in (20, 45, 90, 170)),
    *(repr("\u00e9'" * length) for length in (5, 12, 20, 40)),
    repr(b"\0" * 70),
    repr(list(range(25))),
    repr(list(range(60))),
    repr([[n, str(n) * 5] for n in range(12)]),
    repr({"name": "x" * 30, "items": [{"id": n, "tags": ("a" * 20, "b")} for n in range(4)]}),
    repr({"a": {"b": {"c": {"d": {"e": ["x" * 30, "y" * 34, "z" * 33]}}}}}),
    repr(("x" * 50,)),
    repr((("x" * 33,) * 3,)),
    repr([("y" * 31,), ("y" * 31,), ("y" * 31,)]),
    repr({"x" * 60: 1, "k" * 34: ["v" * 34] * 2}),
    repr({3, 1, 2}),
    repr({(1, 2): None}),
]


@pytest.mark.slow
def test_what_is_written_passes_format_lint_and_types_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "cogs").mkdir()
    (tmp_path / "cogs" / "__init__.py").touch()
    (tmp_path / "cogs" / "dice.py").write_text(DICE)
    folder = tmp_path / "tests" / "regressions"
    folder.mkdir(parents=True)
    frames = [
        one_frame
        for source in LAYOUTS
        for one_frame in (
            frame("face", value=source, sides=source),
            frame("later", text=source, items=source),
            frame("each", rolls=source),
            frame("guarded", text=source, deep=source),
            frame("loose", value="1", rest=f"({source},)", more=f"{{'key': {source}}}"),
            frame("Dice.parse", text=source),
        )
    ]
    for number, which in enumerate(frames):
        (folder / f"test_{number}.py").write_text(one(which))
    checks = [
        ["ruff", "format", "--diff", "--config", str(ROOT / "pyproject.toml"), "tests"],
        ["ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), "tests"],
        [
            "mypy",
            "--strict",
            "--follow-imports=silent",
            "--cache-dir",
            str(tmp_path / "cache"),
            "tests",
        ],
    ]
    for check in checks:
        program = str(Path(sys.executable).with_name(check[0]))
        done = subprocess.run(
            [program, *check[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]
