"""What a terminal sends and what it is sent, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

from tests.live.terminal import Terminal, environment
from tui.pasting import END, REFUSED, START


def test_a_paste_comes_in_order_and_nothing_of_it_steers_the_terminal(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    with Terminal("--home", home, cwd=tmp_path, env=environment()) as app:
        app.until("[1 Flash]")
        app.keys("enter")
        app.until("type a path, or socket")
        app.keys("\x1b[F", "enter")
        app.until("editing")
        app.keys(f"{START}hello\x1b[31mworld{END}")
        app.until(REFUSED)
        os.write(app._master, b"\xff")  # no UTF-8, as a wrong locale or a bad line sends it
        app.keys(f"x{START}in\u202eorder{END}y")
        assert "hello" not in app.until("xin·ordery")
        assert "\u202e".encode() not in app.raw
        app.keys("escape")
        app.until("moving")
        app.keys("q")
        assert app.end() == 0
