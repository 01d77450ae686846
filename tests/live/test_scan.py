"""The Scan pane on the simulated bench, in a real terminal: from silence to a played recording."""

from pathlib import Path

from tests.live.terminal import Terminal, environment

SEALED_KEY = "231d39c1d7cc1ab1aee224cd096db932"
"""The bind key that the bench's encrypted meter was given (meter sheet 1.6)."""


def test_scan_key_record_and_play_on_the_simulated_bench(tmp_path: Path) -> None:
    with Terminal("--demo", cwd=tmp_path, env=environment()) as app:
        app.until("[1 Flash]")
        app.keys("3")
        app.until(lambda screen: "kWh" in screen and "no key" in screen)

        app.keys("/")
        app.until("editing")
        app.keys("no key meter", "enter")
        screen = app.until("filter: no key meter")
        assert "Press k." in screen
        app.keys("k")
        app.until("0 of 32 digits")
        app.keys(SEALED_KEY[:-1])
        app.until("31 of 32 digits")
        app.keys(SEALED_KEY[-1])
        app.until("right.")
        app.keys("enter", "escape")
        screen = app.until("key ok")
        assert SEALED_KEY not in app.raw.decode(errors="replace")

        app.keys("r")
        app.until("REC ")
        app.until(lambda screen: "REC 1" in screen or "REC 2" in screen)
        app.keys("r")
        app.until("adverts in")
        app.keys("o")
        app.until("Play a recording")
        app.keys("down", "enter")
        app.until(lambda screen: "kWh" in screen and (".jsonl" in screen))
        app.keys("q")
        assert app.end() == 0
