"""Style and types are part of the tests, so that one command says everything."""

import subprocess
import sys

import pytest

TOOLS = {
    "style": ["ruff", "check", "--no-fix"],
    "format": ["ruff", "format", "--check"],
    "types": ["mypy", "--strict", "--strict-equality", "-p", "core", "-p", "tui"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tool_has_nothing_to_say(tool, root):
    ended = subprocess.run(
        [sys.executable, "-m", *TOOLS[tool]], cwd=root, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_types_are_checked_without_exceptions(root):
    """No file of ours opts out of the checker."""
    for path in [*root.glob("core/**/*.py"), *root.glob("tui/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        assert "# mypy:" not in text and "type: ignore\n" not in text, path
