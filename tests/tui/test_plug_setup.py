"""`plug config|console|selftest` as a user types them, against a simulated plug or a bare pty."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tty
from pathlib import Path
from typing import Any

import pytest

from core.profile.block import Block
from core.profile.model import Secret
from core.sim.firmware import openbeken_qio, stock_n
from core.store.store import Store
from tests.core.beken.test_bootlog import APP, BANNER, JUMP, OPENBEKEN
from tests.live.processes import sim_plug, until, wattbench
from tui.verbs.plug import seconds

AT = 0x1D1000
SECRET = "tops3cret"


def ran(home: Path, *words: str | Path) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, JSON lines, what people read."""
    ended = subprocess.run(
        wattbench("plug", *words, "--home", home, "--json", "--yes"),
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def with_secret(home: Path) -> None:
    Store(home).keys.set_secret("home-wifi", SECRET)


def kept_nowhere(home: Path, *but: str) -> bool:
    files = [p for p in home.rglob("*") if p.is_file() and p.suffix != ".bin" and p.name not in but]
    return not any(SECRET.encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize("wait", ["nan", "inf", "0", "-1"])
def test_a_wait_that_is_none_is_a_usage_error(wait: str) -> None:
    with pytest.raises(ValueError, match=wait):
        seconds(wait)


def test_a_profile_is_written_and_shown_without_its_secret(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with_secret(home)
    (tmp_path / "plug.toml").write_text(
        'base = "lsc-3202087.toml"\n[wifi]\nssid = "Home"\npassword = { secret = "home-wifi" }\n'
    )
    with sim_plug(tmp_path, stock_n()) as plug:
        reach = ("--port", plug.port, "--link-timeout", "20")
        code, lines, said = ran(
            home, "config", *reach, "--profile", tmp_path / "plug.toml", "--supply", "external"
        )
        assert (code, lines[-1]["event"], lines[-1]["verified"]) == (0, "result", True), said
        assert "wifi.password:  -> ****" in said
        assert kept_nowhere(home, "keys.toml")

        out = tmp_path / "shown.toml"
        code, lines, said = ran(home, "config", *reach, "--out", out)
        assert (code, lines[-1]["configured"]) == (0, True)
        assert lines[-1]["secrets"] == ["wifi.password"]
        assert SECRET not in said + json.dumps(lines) + out.read_text()
        assert 'ssid = "Home"' in out.read_text()

        code, lines, said = ran(home, "config", *reach, "--out", out, "--reveal")
        assert lines[-1]["event"] == "result"
        assert SECRET in said and SECRET in out.read_text()
        assert out.stat().st_mode & 0o777 == 0o600
        assert kept_nowhere(home, "keys.toml")
        flash = plug.flash()
    profile = Block.parse(flash[AT : AT + 4096]).profile()
    assert (profile.wifi.ssid, profile.wifi.password) == ("Home", Secret(SECRET))


def test_flash_with_a_profile_writes_both_and_shows_the_pins_first(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with_secret(home)
    (tmp_path / "plug.toml").write_text('[wifi]\nssid = "Home"\npassword = {secret="home-wifi"}\n')
    (tmp_path / "image.bin").write_bytes(openbeken_qio())
    with sim_plug(tmp_path, stock_n()) as plug:
        code, _lines, said = ran(
            home, "flash", "--port", plug.port, "--link-timeout", "20", "--supply", "external",
            "--image", tmp_path / "image.bin", "--profile", tmp_path / "plug.toml",
        )  # fmt: skip
        assert code == 0, said
        flash = plug.flash()
    assert Block.parse(flash[AT : AT + 4096]).profile().wifi.ssid == "Home"
    assert flash[0x11000 : len(openbeken_qio())] == openbeken_qio()[0x11000:]
    assert said.index("Profile that fits: lsc-3202087.toml") < said.index("keep  ")
    assert kept_nowhere(home, "keys.toml")


class Tx2:
    """The wire from TX2: a pty on which the test is the chip."""

    def __init__(self) -> None:
        self.chip, self._near = os.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)

    def say(self, text: str) -> None:
        os.write(self.chip, text.encode())

    def close(self) -> None:
        os.close(self.chip)
        os.close(self._near)


@pytest.fixture
def tx2():  # type: ignore[no-untyped-def]
    made = Tx2()
    yield made
    made.close()


def listened(home: Path, tx2: Tx2, text: str, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and JSON lines of a console that heard `text` and, unless it ends by itself, was
    ended with Ctrl-C when all of it was shown."""
    out = home / "out"
    with out.open("w") as stdout, subprocess.Popen(
        wattbench("plug", "console", "--port", tx2.path, "--home", home, "--json", *words),
        stdout=stdout, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            until(lambda: '"nothing"' in out.read_text(), "the port is open")
            tx2.say(text)
            until(lambda: out.read_text().count('"log"') >= text.count("\n"), "all is shown")
            process.send_signal(signal.SIGINT)
            code = process.wait(30)
        finally:
            process.kill()
    return code, [json.loads(line) for line in out.read_text().splitlines()]


def test_the_console_shows_the_log_and_ends_with_ctrl_c(tmp_path: Path, tx2: Tx2) -> None:
    with_secret(tmp_path)
    secret = f"Info:MAIN:Using Pass [{SECRET}]\n{SECRET}\n"
    code, lines = listened(tmp_path, tx2, BANNER + JUMP + APP + secret + OPENBEKEN)
    assert code == 0
    shown = [line["text"] for line in lines if line["event"] == "log"]
    assert shown[: len(BANNER.splitlines())] == BANNER.splitlines()
    last = lines[-1]
    assert (last["event"], last["verdict"], last["boots"]) == ("result", "running", 1)
    assert SECRET not in json.dumps(lines)
    assert not list(tmp_path.glob("jobs/*"))  # a stream leaves no journal


def test_passwords_are_shown_when_asked_for(tmp_path: Path, tx2: Tx2) -> None:
    _code, lines = listened(tmp_path, tx2, f"Using Pass [{SECRET}]\n", "--reveal")
    assert SECRET in json.dumps(lines)


def test_a_boot_loop_is_a_fault(tmp_path: Path, tx2: Tx2) -> None:
    code, lines = listened(tmp_path, tx2, (BANNER + JUMP) * 4)
    assert (code, lines[-1]["code"]) == (1, "BK-NO-BOOT")
    assert lines[-1]["what"].startswith("Wrong key")


def test_the_console_ends_after_the_time_given(tmp_path: Path, tx2: Tx2) -> None:
    code, lines, said = ran(tmp_path, "console", "--port", tx2.path, "--seconds", "0.2")
    assert (code, lines[-1]["verdict"]) == (0, "nothing")
    assert "TX2" in said


def test_the_console_of_a_port_that_is_not_there(tmp_path: Path) -> None:
    code, lines, _ = ran(tmp_path, "console", "--port", str(tmp_path / "no"), "--seconds", "1")
    assert (code, lines[-1]["code"]) == (1, "LINK-NO-PORT")


def test_the_self_test_of_an_adapter_that_hears_nothing(tmp_path: Path, tx2: Tx2) -> None:
    code, lines, said = ran(tmp_path, "selftest", "--port", tx2.path)
    assert (code, lines[-1]["code"]) == (1, "BK-LOOP-BACK")
    assert "not one byte came back" in said


def test_the_simulated_log_pad_to_practise_on(tmp_path: Path) -> None:
    with subprocess.Popen(
        wattbench("sim", "bootlog", "--as", "wrong-key"), stdout=subprocess.PIPE, text=True
    ) as sim:
        try:
            assert sim.stdout is not None
            port = sim.stdout.readline().strip()
            code, lines, said = ran(tmp_path, "console", "--port", port, "--seconds", "2.5")
        finally:
            sim.terminate()
    assert (code, lines[-1]["code"]) == (1, "BK-NO-BOOT"), said
    assert "Flash the image that is made for this chip's key" in lines[-1]["next"]
