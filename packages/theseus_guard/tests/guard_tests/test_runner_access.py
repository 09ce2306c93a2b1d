"""Test files that reach into what runs them, and by it into other tests."""

import pytest
from guard_tests.cases import HERE, TEST, judge_change

NEW = "tests/cogs/test_new.py"
CONFTEST = "tests/conftest.py"
BLOCKED = {
    "the module itself as a plugin": "pytest_plugins = ['tests.cogs.test_new']\n",
    "with its type": "pytest_plugins: list[str] = ['hooks']\n",
    "another way to write it": "globals()['pytest_plugins'] = ['hooks']\n",
    "by an import": "from hooks import NAMES as pytest_plugins\n",
    "a plugin registered in a test": "def test_a(request):\n"
    "    request.config.pluginmanager.register(object())\n",
    "by another name": "def test_a(pytestconfig):\n    m = pytestconfig.pluginmanager\n"
    "    m.register(object())\n",
    "by getattr": "def test_a(request):\n    getattr(request.config, 'pluginmanager')\n",
    "a plugin taken away": "def test_a(request):\n"
    "    request.config.pluginmanager.unregister(name='junitxml')\n",
}
SHOWN = {
    "a hook": "def pytest_runtest_makereport(item, call):\n    return None\n",
    "pytest's inner parts": "from _pytest import runner\n",
    "the library below": "import pluggy\n",
}
FREE = {
    "a question": "def test_a(request):\n    assert request.config.pluginmanager.hasplugin('x')\n",
    "pytest's plugin for plugins": "pytest_plugins = ['pytester']\n",
    "a text that says so": "TEXT = 'pytest_plugins = 1; request.config.pluginmanager'\n",
}


@pytest.mark.parametrize("name", BLOCKED)
def test_a_new_test_file_that_registers_plugins_is_stopped(name: str) -> None:
    found = [one for one in judge_change(NEW, "", BLOCKED[name]) if one.blocking]
    assert [one.rule for one in found] == ["test_weakened"]
    assert "how other tests run" in found[0].message


@pytest.mark.parametrize("name", SHOWN)
def test_what_only_names_the_runners_parts_is_pointed_out(name: str) -> None:
    (found,) = (one for one in judge_change(NEW, "", SHOWN[name]) if one.rule == "test_weakened")
    assert not found.blocking
    assert "a part of the test runner" in found.message


@pytest.mark.parametrize("name", FREE)
def test_ordinary_uses_are_free(name: str) -> None:
    assert judge_change(NEW, "", FREE[name]) == ()


def test_what_was_there_before_is_not_the_changes_doing() -> None:
    before = BLOCKED["a plugin registered in a test"] + TEST
    found = judge_change(
        HERE, before, before + "\n\ndef test_more() -> None:\n    assert face(2)\n"
    )
    assert not [one for one in found if one.blocking]


def test_a_conftest_that_names_a_plugin_is_shown() -> None:
    found = judge_change(CONFTEST, "X = 1\n", "X = 1\npytest_plugins = ['hooks']\n")
    assert "test_weakened" in {one.rule for one in found}
    assert not [one for one in found if one.blocking]


def test_one_that_registers_a_plugin_is_stopped() -> None:
    text = BLOCKED["a plugin registered in a test"].replace("test_a", "pytest_configure")
    assert any(one.blocking for one in judge_change(CONFTEST, "X = 1\n", "X = 1\n" + text))
