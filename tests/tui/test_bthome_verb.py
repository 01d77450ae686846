"""`wattbench bthome decode`: one packet, thousands of lines, and what is none."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tui import cli
from tui.verbs.bthome import parse_line

METER = "A4:C1:38:5C:94:FA"
KEY = "231d39c1d7cc1ab1aee224cd096db932"
TARIFFS = "4175ad39634 64c9f9ac9726247dcb001000000094375db".replace(" ", "")
PLAIN = "4000020be02e004a380943b400013a"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "keys.toml").write_text(f'"{METER}" = "{KEY}"\n')
    (folder / "keys.toml").chmod(0o600)
    return folder


def decode(
    capsys: pytest.CaptureFixture[str], home: Path, *words: str, json_: bool = True
) -> tuple[int, list[dict[str, object]], str]:
    flags = ["--json"] if json_ else []
    code = cli.main(["bthome", "decode", *words, "--home", str(home), *flags])
    out = capsys.readouterr()
    objects = [json.loads(line) for line in out.out.splitlines()] if json_ else []
    return code, objects, out.out + out.err


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_one_packet_as_an_event(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, (advert, result), _ = decode(capsys, home, PLAIN)
    assert code == 0
    assert (advert["event"], advert["kind"], advert["packet_id"]) == ("advert", "power", 2)
    assert advert["readings"][1] == {  # type: ignore[index]
        "id": 11, "instance": 1, "quantity": "power", "value": 120.0, "unit": "W",
    }  # fmt: skip
    assert (result["event"], result["packets"], result["bad"]) == ("result", 1, 0)


def test_a_sealed_packet_with_the_key_of_the_folder(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    code, (advert, _), text = decode(capsys, home, "--mac", METER.lower(), TARIFFS)
    assert (code, advert["state"], advert["counter"]) == (0, "opened", 1)
    assert KEY not in text
    _, (advert, _), _ = decode(capsys, home, TARIFFS)
    assert advert["state"] == "no mac"
    _, (advert, _), _ = decode(capsys, home, "--mac", "00:00:00:00:00:01", TARIFFS)
    assert advert["state"] == "no key"


def test_a_key_file_of_its_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f'"{METER}" = "{KEY}"\n')
    keys.chmod(0o600)
    code, (advert, _), _ = decode(
        capsys, tmp_path, "--mac", METER, "--key-file", str(keys), TARIFFS
    )
    assert (code, advert["state"]) == (0, "opened")
    code, (fault,), _ = decode(capsys, tmp_path, "--key-file", str(tmp_path / "none"), TARIFFS)
    assert (code, fault["code"]) == (1, "STORE-UNREADABLE")


def test_lines_for_people(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    _, _, text = decode(capsys, home, PLAIN, json_=False)
    assert text.splitlines()[0] == (
        "v2  plain  packet id 2  power 120.00 W  voltage 236.0 V  current 0.180 A  battery 58 %"
        "  (object ids are not ascending)"
    )
    _, _, text = decode(
        capsys, home, "4000020a3885 6f0a9885690ace588d".replace(" ", ""), json_=False
    )
    assert "energy 1 7308.600 kWh  energy 2 6915.480 kWh  energy 3 9263.310 kWh" in text
    _, _, text = decode(capsys, home, "40530712341b5d303b3107", json_=False)
    assert "\x1b" not in text


@pytest.mark.parametrize("text", ["zz", "4", "fcd2:", "0x"])
def test_what_is_no_packet_is_a_fault(
    capsys: pytest.CaptureFixture[str], home: Path, text: str
) -> None:
    code, objects, _ = decode(capsys, home, "--mac", METER, text)
    assert (code, objects[-1]["code"]) == (1, "BTHOME-HEX")


def test_what_is_no_mac_is_a_fault(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, objects, _ = decode(capsys, home, "--mac", "A4:C1", PLAIN)
    assert (code, objects[-1]["code"]) == (1, "BTHOME-MAC")


def test_thousands_of_lines(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{METER} {TARIFFS}", PLAIN, "", f"181c:{'2302ca09'}", "garbage \x1b[2J"] * 1000
    feed(monkeypatch, "\n".join(lines))
    code, objects, text = decode(capsys, home)
    assert code == 0
    assert objects[-1] == {
        "event": "result", "t": 0.0, "summary": "3000 packets, 1000 lines were none",
        "packets": 3000, "bad": 1000,
    }  # fmt: skip
    assert [o["event"] for o in objects[:4]] == ["advert", "advert", "advert", "warning"]
    assert "\x1b" not in text


def test_only_garbage_is_a_fault(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(monkeypatch, "a\nb\n")
    code, objects, _ = decode(capsys, home)
    assert (code, objects[-1]["event"]) == (1, "fault")


def test_how_a_line_may_be_written() -> None:
    plain = bytes.fromhex("4002c409")
    for text in ("4002c409", "40 02 c4 09", "0x4002C409", "fcd2:4002c409", f"{METER} 4002c409",
                 f" {METER.lower()}  fcd2:40 02 c4 09 "):  # fmt: skip
        line = parse_line(text)
        assert line is not None and (line.uuid, line.data) == (0xFCD2, plain)
    line = parse_line(f"{METER} 4002c409", "00:00:00:00:00:00")
    assert line is not None and line.address == METER


def test_ctrl_c_ends_the_wait_for_lines(home: Path, root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "bthome", "decode", "--home", str(home), "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root,
    ) as process:  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{PLAIN}\n")
        process.stdin.flush()
        assert '"advert"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
