"""The shape of the source tree, and what core leaves alone."""

import ast

import pytest

LARGEST = 24_000  # bytes of one module; beyond that it holds two subjects

# Where a date may be read; everywhere else the loop is asked for time.
CLOCK_ROOM = "core/store"


def sources(root, *folders):
    return [path for folder in folders for path in sorted((root / folder).glob("**/*.py"))]


def imported(path):
    """Names of modules that a file imports, at any depth of it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def called(path):
    """Plain names that a file calls."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def attributes(path):
    """Names that a file takes from something: `argv` of `sys.argv`."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Attribute):
            yield node.attr


def test_tests_are_no_package(root):
    assert not list((root / "tests").glob("**/__init__.py"))


def test_packages_say_nothing_at_import(root):
    files = [p for p in sources(root, "core", "tui") if p.name == "__init__.py"]
    assert len(files) > 5
    assert [p for p in files if p.read_bytes()] == []


def test_every_folder_with_code_is_a_package(root):
    folders = {p.parent for p in sources(root, "core", "tui")}
    assert [p for p in folders if not (p / "__init__.py").exists()] == []


def test_modules_stay_small(root):
    sizes = {p: p.stat().st_size for p in sources(root, "core", "tui", "tests")}
    assert {p: size for p, size in sizes.items() if size > LARGEST} == {}


@pytest.mark.parametrize("name", ["print", "input", "exec", "eval"])
def test_core_calls_no(name, root):
    assert [p for p in sources(root, "core") if name in called(p)] == []


def test_core_reads_no_command_line(root):
    assert [p for p in sources(root, "core") if "argparse" in imported(p)] == []
    assert [p for p in sources(root, "core") if "argv" in attributes(p)] == []


def test_time_comes_from_the_loop(root):
    assert [p for p in sources(root, "core", "tui") if "time" in imported(p)] == []


def test_dates_come_from_the_store(root):
    outside = [p for p in sources(root, "core") if root / CLOCK_ROOM not in p.parents]
    assert [p for p in outside if "datetime" in imported(p)] == []
