"""How a test failed says which edits are likely: the crash, and what was got and expected."""

import pytest
from repair_tests.edit_proposals import list_proposals
from theseus_repair.model import Crash, TraceFrame


def crash_at(line: int, error: str, message: str = "", **hints: tuple[str, ...]) -> Crash:
    return Crash(error, message, (TraceFrame("m.py", line, "f"),), hints=hints)


NONE = "'NoneType' object has no attribute 'y'"


@pytest.mark.parametrize(
    ("faulty", "crash", "right"),
    [
        (
            "def f(x):\n    return x.y\n",
            crash_at(2, "AttributeError", NONE, none=("x",)),
            "def f(x):\n    if x is None:\n        return None\n    return x.y\n",
        ),
        (
            "def f(xs):\n    return sum(xs) / len(xs)\n",
            crash_at(2, "ZeroDivisionError", "division by zero", empty=("xs",)),
            "def f(xs):\n    if not xs:\n        return 0.0\n    return sum(xs) / len(xs)\n",
        ),
        (
            'def f(row):\n    return row["nmae"]\n',
            crash_at(2, "KeyError", "'nmae'", keys=("name", "id")),
            'def f(row):\n    return row["name"]\n',
        ),
        (
            "def f(table, key):\n    return table[key]\n",
            crash_at(2, "KeyError", "'x'"),
            "def f(table, key):\n    return table.get(key)\n",
        ),
        (
            "def f(cart):\n    return cart.sum()\n",
            crash_at(2, "AttributeError", "'Cart' object has no attribute 'sum'", near=("total",)),
            "def f(cart):\n    return cart.total()\n",
        ),
        (
            "def f(letters):\n    return letter\n",
            crash_at(2, "NameError", "name 'letter' is not defined"),
            "def f(letters):\n    return letters\n",
        ),
        (
            "def f(xs):\n    for x in xs:\n        print(x.y)\n",
            crash_at(3, "AttributeError", NONE, none=("x",)),
            "def f(xs):\n    for x in xs:\n        if x is None:\n            continue\n"
            "        print(x.y)\n",
        ),
        (
            "def f(x):\n    try:\n        g(x)\n    except KeyErorr:\n        return None\n",
            crash_at(4, "NameError", "name 'KeyErorr' is not defined"),
            "def f(x):\n    try:\n        g(x)\n    except KeyError:\n        return None\n",
        ),
        (
            "def f(x):\n    try:\n        g(x)\n    except ini.NoKey:\n        return None\n",
            crash_at(3, "NoSection", "no section"),
            "def f(x):\n    try:\n        g(x)\n    except (ini.NoKey, ini.NoSection):\n"
            "        return None\n",
        ),
        (
            "def f(out):\n    out['type'] = None\n",
            crash_at(2, "AssertionError", "assert {'type': None} == {'type': 'null'}"),
            "def f(out):\n    out['type'] = \"null\"\n",
        ),
        (
            "class A:\n    def __eq__(self, other):\n        return self.x == other.x\n",
            crash_at(3, "AttributeError", "'int' object has no attribute 'x'"),
            "class A:\n    def __eq__(self, other):\n        if not isinstance(other, A):\n"
            "            return NotImplemented\n        return self.x == other.x\n",
        ),
        (
            "def f(d, k):\n    d.pop(k)\n",
            crash_at(2, "KeyError", "'a'"),
            "def f(d, k):\n    d.pop(k, None)\n",
        ),
        (
            "def f(d, k):\n    del d[k]\n",
            crash_at(2, "KeyError", "'a'"),
            "def f(d, k):\n    d.pop(k, None)\n",
        ),
        (
            "def f(x):\n    return 'a %s' % x\n",
            crash_at(2, "TypeError", "not enough arguments for format string"),
            "def f(x):\n    return 'a %s' % (x,)\n",
        ),
        (
            "def f(x):\n    return 'a' + x\n",
            crash_at(2, "TypeError", 'can only concatenate str (not "int") to str'),
            "def f(x):\n    return 'a' + str(x)\n",
        ),
        (
            "def f(x):\n    return x.strip()\n",
            crash_at(2, "AttributeError", "'int' object has no attribute 'strip'"),
            "def f(x):\n    return str(x).strip()\n",
        ),
        (
            "def f(x):\n    for y in x:\n        x.discard(y)\n",
            crash_at(2, "RuntimeError", "Set changed size during iteration"),
            "def f(x):\n    for y in list(x):\n        x.discard(y)\n",
        ),
        (
            "class A:\n    def f(x):\n        return x\n",
            crash_at(2, "TypeError", "A.f() takes 1 positional argument but 2 were given"),
            "class A:\n    @staticmethod\n    def f(x):\n        return x\n",
        ),
        (
            "def f(a, b):\n    return a | b\n",
            crash_at(2, "TypeError", "unsupported operand type(s) for |: 'str' and 'str'"),
            "def f(a, b):\n    return a % b\n",
        ),
    ],
)
def test_a_crash_suggests_the_edit_that_explains_it(faulty: str, crash: Crash, right: str) -> None:
    made = list_proposals(faulty, crash)

    assert right in made
    assert made[right] >= 0.5


def test_a_guard_prefers_what_the_function_returns_elsewhere() -> None:
    text = "def f(x):\n    if x == 1:\n        return -1\n    return x.y\n"
    made = list_proposals(text, crash_at(4, "AttributeError", NONE, none=("x",)))
    guards = {new: rank for new, rank in made.items() if "if x is None:" in new}

    assert "return -1\n    return x.y" in max(guards, key=guards.__getitem__)


def test_a_guard_says_what_guards_beside_it_say() -> None:
    text = (
        "class C:\n    async def a(self, ctx, x):\n        if not x:\n"
        '            await ctx.send("Nothing planned.")\n            return\n'
        "        await ctx.send(x.y)\n\n"
        "    async def b(self, ctx, x):\n        await ctx.send(x.y)\n"
    )
    made = list_proposals(text, crash_at(9, "AttributeError", NONE, none=("x",)))
    guards = {new: rank for new, rank in made.items() if "if x is None:" in new}

    told = 'if x is None:\n            await ctx.send("Nothing planned.")\n            return\n'
    assert told in max(guards, key=guards.__getitem__)


@pytest.mark.parametrize(
    ("faulty", "message", "right"),
    [
        ('def f(x):\n    return ",".join(x)\n', "assert 'a,b' == 'a, b'", '", ".join(x)'),
        ('def f(x):\n    return f"{x} items"\n', "assert '3 items' == '3 rows'", 'f"{x} rows"'),
        ('def f(x):\n    return f"{x:.1f} l"\n', "assert '3.1 l' == '3.14 l'", 'f"{x:.2f} l"'),
        ("def f(x):\n    return x\n", "assert 'a' == 'A'", "return x.upper()"),
    ],
)
def test_the_expected_text_gives_the_text(faulty: str, message: str, right: str) -> None:
    made = list_proposals(faulty, Crash("AssertionError", message))

    assert any(right in new and rank >= 0.4 for new, rank in made.items())
