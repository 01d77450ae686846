"""The OpenBK pane in a real terminal on the simulated bench: edit a pin, diff, apply, read back."""

from __future__ import annotations

from pathlib import Path

from tests.live.terminal import Terminal, environment


def test_a_pin_is_edited_and_read_back(tmp_path: Path) -> None:
    with Terminal("--demo", cwd=tmp_path, env=environment()) as app:
        app.until("[1 Flash]")
        app.keys("5")
        app.until("P6    PWM0           LED ")
        for _ in range(6):
            app.keys("down")
        app.until("Enter chooses the role")
        app.keys("enter")
        app.until("Role of P6")
        app.keys("LED_n", "enter")
        app.until("editing")
        app.keys("enter")
        app.until("* P6    PWM0           LED_n")
        app.keys("d")
        screen = app.until("restart, and wait until it is back")
        assert "pins.6: LED;1 -> LED_n;1" in screen
        app.keys("escape", "a")
        app.until("y  yes    n  no")  # the page of d says the same requests
        app.keys("y")
        app.until("may switch")
        app.keys("y")
        app.until("sent and read back")
        screen = app.until("  P6    PWM0           LED_n")
        assert "Pins*" not in screen
        app.keys("q")
        assert app.end() == 0
