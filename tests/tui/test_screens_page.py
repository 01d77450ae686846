"""`screens.md` shows what the program shows."""

from tests.tui.screens_page import PAGE, made
from tui.actions import panes


def test_the_marked_parts_are_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == made(page), "run: python tests/tui/screens_page.py"


def test_every_built_pane_has_its_keys_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for pane in panes():
        if pane.actions:
            assert f"<!-- keys {pane.name} -->" in page
            assert f"## {pane.digit} {pane.title}" in page


def test_a_change_is_noticed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert made(page.replace("| Quit |", "| Leave |", 1)) == made(page) == page
