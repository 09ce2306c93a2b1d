"""Hazards that a single failing call cannot judge are found from the two trees alone."""

import pytest
from theseus_repair.hazards import find_hazards, has_same_behaviour

CONDITION, CONSTANT, EXCEPTION = "condition", "constant", "exception"

SHARE = "def share(count, total):\n    {}\n"
WHOLE = "return count * 100 // total"


def kinds(before: str, after: str) -> set[str]:
    return {hazard.kind for hazard in find_hazards({"m.py": before}, {"m.py": after})}


def in_function(*lines: str) -> str:
    return "def f(x, items, table, n):\n" + "".join(f"    {line}\n" for line in lines)


# Thirty faults were planted once in a bot nobody had prepared for them; the fixes that shipped and
# were wrong are of these kinds. The first text is the faulty one, the second a "fix" of it.
WRONG = {
    "a condition is inverted": (
        CONDITION, ("if x:", "    return items[0]", "return n"),
        ("if not x:", "    return items[0]", "return n"),
    ),
    "a condition loses its not": (
        CONDITION, ("if not items:", "    return n", "return items[0]"),
        ("if items:", "    return n", "return items[0]"),
    ),
    "a comparison is turned round": (
        CONDITION, ("if n < len(items):", "    n += 1", "return items[n]"),
        ("if n > len(items):", "    n += 1", "return items[n]"),
    ),
    "two compared values change places": (
        CONDITION, ("while x < n:", "    x = x + n", "return x"),
        ("while n < x:", "    x = x + n", "return x"),
    ),
    "equal becomes unequal": (
        CONDITION, ("if x == n:", "    return items", "return table"),
        ("if x != n:", "    return items", "return table"),
    ),
    "half of a condition is dropped": (
        CONDITION, ("if x and n in table:", "    return table[n]"),
        ("if x:", "    return table[n]"),
    ),
    "and becomes or": (
        CONDITION, ("if x and n in table:", "    return table[n]"),
        ("if x or n in table:", "    return table[n]"),
    ),
    "all becomes any": (
        CONDITION, ("if all(items):", "    return table[n]"),
        ("if any(items):", "    return table[n]"),
    ),
    "a whole check is dropped": (
        CONDITION, ("if n > x:", "    raise ValueError(n)", "return items"), ("return items",),
    ),
    "a loop's condition becomes another": (
        CONDITION, ("while n != x:", "    n += 1", "return n"),
        ("while n in items:", "    n += 1", "return n"),
    ),
    "what is answered is negated": (
        CONDITION, ("return x.isdigit()",), ("return not x.isdigit()",),
    ),
    "a flag is flipped": (
        CONDITION, ("return sorted(items, reverse=True)[n]",),
        ("return sorted(items, reverse=False)[n]",),
    ),
    "a filter is inverted": (
        CONDITION, ("return [i for i in items if i]",), ("return [i for i in items if not i]",),
    ),
    "a guard answers with an empty text": (
        CONSTANT, ("return f'{x.name}'",), ("if x is None:", "    return ''", "return f'{x.name}'"),
    ),
    "a guard answers with nothing": (
        CONSTANT, ("return x.name",), ("if x is None:", "    return", "return x.name"),
    ),
    "a guard answers with zeros": (
        CONSTANT, ("return (x / n, 0.5)",), ("if n == 0:", "    return (0.0, 0.0)",
                                              "return (x / n, 0.5)"),
    ),
    "the rest of a condition is a constant": (
        CONSTANT, ("return x / n",), ("return x / n if n else 0",),
    ),
    "nothing becomes an empty list": (
        CONSTANT, ("return [i for i in x]",), ("return [i for i in (x or [])]",),
    ),
    "a missing key becomes zero": (
        CONSTANT, ("return table[n]",), ("return table.get(n, 0)",),
    ),
    "a variable gets a first value": (
        CONSTANT, ("for i in items:", "    last = i", "return last"),
        ("last = None", "for i in items:", "    last = i", "return last"),
    ),
    "what cannot be done is passed over": (
        CONSTANT, ("for i in items:", "    x.append(table[i])"),
        ("for i in items:", "    if i not in table:", "        continue",
         "    x.append(table[i])"),
    ),
    "a fixed answer is made another": (
        CONSTANT, ("if x is None:", "    return 1", "return x"),
        ("if x is None:", "    return 2", "return x"),
    ),
    "an exception is swallowed": (
        EXCEPTION, ("n = table[x]", "return items"),
        ("try:", "    n = table[x]", "except KeyError:", "    pass", "return items"),
    ),
    "a handler is made wider": (
        EXCEPTION, ("try:", "    return int(x)", "except TypeError:", "    return n"),
        ("try:", "    return int(x)", "except (TypeError, ValueError):", "    return n"),
    ),
    "an exception is suppressed": (
        EXCEPTION, ("n = table[x]", "return items"),
        ("with contextlib.suppress(KeyError):", "    n = table[x]", "return items"),
    ),
    "a crash becomes a refusal": (
        EXCEPTION, ("return table[x]",),
        ("if x not in table:", "    raise LookupError(x)", "return table[x]"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_an_edit_that_may_only_quiet_the_failure_is_told(name: str) -> None:
    kind, before, after = WRONG[name]

    assert kind in kinds(in_function(*before), in_function(*after))


RIGHT = {
    "a key that may be missing is taken away": (
        ("table.pop(n)", "return items"), ("table.pop(n, None)", "return items"),
    ),
    "a bound moves by one": (("return items[n]",), ("return items[n - 1]",)),
    "a comparison's edge moves": (("if n > len(items):", "    return n", "return items[n]"),
                                  ("if n >= len(items):", "    return n", "return items[n]")),
    "another name is read": (("return items[x]",), ("return items[n]",)),
    "another key is read": (("return table['nam']",), ("return table['name']",)),
    "an index starts elsewhere": (("return items[1]",), ("return items[0]",)),
    "a range starts elsewhere": (("return list(range(1, n))",), ("return list(range(0, n))",)),
    "arithmetic is another": (("return n / 2 + x",), ("return n // 2 + x",)),
    "a condition is said in other words": (("if not n < x:", "    return items", "return table"),
                                           ("if n >= x:", "    return items", "return table")),
    "a condition gets one part more": (("while items[n] != x:", "    n += 1", "return n"),
                                       ("while n < len(items) and items[n] != x:", "    n += 1",
                                        "return n")),
    "a default is made anew": (("return x",), ("return x",)),
    "an answer is awaited": (("return x(items)",), ("return x(*items)",)),
    "a table gets an entry back": (("return {'a': 1}[x]",), ("return {'a': 1, 'b': 2}[x]",)),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_an_edit_of_what_is_computed_is_none_of_them(name: str) -> None:
    before, after = RIGHT[name]

    assert kinds(in_function(*before), in_function(*after)) == set()


def test_a_default_made_anew_in_every_call_is_no_empty_value() -> None:
    before = "def f(x, seen=[]):\n    seen.append(x)\n    return seen\n"
    after = (
        "def f(x, seen=None):\n    if seen is None:\n        seen = []\n"
        "    seen.append(x)\n    return seen\n"
    )

    assert kinds(before, after) == set()


def test_a_condition_moved_to_another_function_is_gone_from_its_own() -> None:
    before = "def f(x):\n    if x < 1:\n        x += 1\n    return x\n\n\ndef g(x):\n    return x\n"
    after = "def f(x):\n    return x\n\n\ndef g(x):\n    if x < 1:\n        x += 1\n    return x\n"

    assert kinds(before, after) == {CONDITION}


def test_comments_docstrings_and_layout_are_no_behaviour() -> None:
    before = 'def f(x):\n    """Give x."""\n    return x\n'
    after = 'def f(x):\n    """Return it."""\n    # as it is\n    return (x)\n'

    assert has_same_behaviour(before, after)
    assert kinds(before, after) == set()
    assert not has_same_behaviour(before, before.replace("return x", "return -x"))


def test_the_line_named_is_the_one_that_came() -> None:
    before = in_function("return x.name")
    after = in_function("if x is None:", "    return ''", "return x.name")
    (hazard,) = [each for each in find_hazards({"m.py": before}, {"m.py": after})
                 if each.description.startswith("answers")]  # fmt: skip

    assert hazard.line == 3


def test_new_files_and_files_that_do_not_parse_are_compared_with_nothing() -> None:
    assert find_hazards({}, {"new.py": "def f():\n    return ''\n"}) == ()
    assert find_hazards({"m.py": "def f(:\n"}, {"m.py": "def f():\n    return ''\n"}) == ()
