"""`wattbench backup`: what it prints, what it hides, and what its exit codes mean."""

from __future__ import annotations

import base64
import json
import lzma
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.fault import Exit
from core.sim import firmware
from core.sim.tuya_values import LSC_N
from tests.tui.backup_stage import changed, own_sector
from tui import cli

STORE = 0x1EE000
KEYS = {"gw_bi", "user_param_key", "gw_wsm", "gw_di", "gw_ai", "em_sys_env", "wf_start_md"}


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "plug.bin"
    path.write_bytes(firmware.stock_n())
    return path


Ran = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def run(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Ran:
    """Exit code, standard output, standard error of one command."""

    def run(*words: object) -> tuple[int, bytes, str]:
        code = cli.main(["backup", *map(str, words), "--home", str(tmp_path / "home")])
        said = capfdbinary.readouterr()
        return code, said.out, said.err.decode()

    return run


def last(out: bytes) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(out.splitlines()[-1])
    return values


def test_show_as_json(run: Ran, dump: Path) -> None:
    code, out, err = run("show", dump, "--json")
    found = last(out)
    assert (code, found["event"], len(out.splitlines())) == (0, "result", 1)
    assert (found["chip"], found["storage"], found["module"]) == ("bk7231n", STORE, "CB2S")
    assert {key["name"] for key in found["keys"]} == KEYS
    assert {key["checksum"] for key in found["keys"]} == {"ok"}
    assert {pin["pin"]: f"{pin['role']};{pin['channel']}" for pin in found["pins"]} == {
        6: "LED;1", 7: "Btn;1", 8: "Rel;1", 10: "WifiLED;0", 11: "BL0937SEL;0",
        24: "BL0937CF1;0", 26: "BL0937CF;0",
    }  # fmt: skip
    assert found["regions"][0]["start"] == 0 and found["regions"][-1]["end"] == 0x200000
    assert found["trusted"] is True and found["warnings"] == []
    assert "Relay 1 on P8, active high (pad 6)" in err


def test_secrets_are_hidden_until_asked_for(run: Ran, dump: Path) -> None:
    _, out, _ = run("show", dump, "--reveal", "--json")
    values = {key["name"]: key["value"] for key in last(out)["keys"]}
    licence = json.loads(values["gw_bi"])
    for words in (("show", dump), ("show", dump, "--json"), ("check", dump, "--json")):
        _, out, err = run(*words)
        for field in ("uuid", "psk_key", "auth_key", "fac_pin"):
            assert licence[field] not in out.decode() + err


def test_extract_gives_the_bytes_and_nothing_else(run: Ran, dump: Path) -> None:
    assert run("extract", dump, "--key", "user_param_key") == (0, LSC_N, "")
    assert run("extract", dump, "--key", "em_sys_env") == (0, b"bk7231n".ljust(20, b"\0"), "")
    code, out, _ = run("extract", dump, "--range", "0x1D0000:0x1D0004")
    assert (code, out) == (0, b"TLV\0")


def test_extract_as_json(run: Ran, dump: Path) -> None:
    _, out, _ = run("extract", dump, "--key", "user_param_key", "--json")
    assert last(out)["text"] == LSC_N.decode()
    _, out, _ = run("extract", dump, "--range", "0:4", "--json")
    raw = base64.b64decode(last(out)["base64"]) if "base64" in last(out) else b""
    assert raw == firmware.stock_n()[:4]


@pytest.mark.parametrize("what", [("--key", "gw_bi"), ("--range", "0x1EE000:0x1EF000")])
def test_a_secret_without_reveal_is_refused(run: Ran, dump: Path, what: tuple[str, str]) -> None:
    code, out, err = run("extract", dump, *what)
    assert (code, out) == (Exit.REFUSED, b"")
    assert "TUYA-SECRET" in err and "--reveal" in err
    code, out, _ = run("extract", dump, *what, "--reveal")
    assert code == 0 and len(out) > 100


def test_the_three_forms_of_the_configuration(run: Ran, dump: Path) -> None:
    code, out, _ = run("extract", dump, "--template")
    assert code == 0 and json.loads(out)["pins"]["10"] == "WifiLED;0"
    code, out, _ = run("extract", dump, "--profile")
    assert code == 0 and tomllib.loads(out.decode())["pins"]["8"] == {"role": "Rel", "channel": 1}
    assert b"a convenience, not a safety device" in out
    code, out, _ = run("extract", dump, "--script")
    assert code == 0 and b"backlog setPinRole 8 Rel; setPinChannel 8 1\n" in out
    _, out, _ = run("extract", dump, "--template", "--flip", "10", "--no-overload-line")
    made = json.loads(out)
    assert (made["pins"]["10"], made["command"]) == ("WifiLED_n;0", "")


def test_openbekens_own_configuration_comes_first(run: Ran, dump: Path) -> None:
    dump.write_bytes(changed((0x1D1000, own_sector())))
    code, out, err = run("extract", dump, "--profile")
    made = tomllib.loads(out.decode())
    assert code == 0 and made["names"]["short"] == "kitchen"
    assert made["mqtt"]["host"] == "192.0.2.7" and made["flags"]["21"] is True
    assert "From the configuration that OpenBeken keeps in this dump" in err
    assert "--from-store" in err
    code, out, err = run("extract", dump, "--profile", "--from-store")
    made = tomllib.loads(out.decode())
    assert code == 0 and "names" not in made and made["pins"]["8"]["role"] == "Rel"
    assert "OpenBeken keeps" not in err
    words = "its own configuration is in this dump (name kitchen, 7 pins, MQTT 192.0.2.7)"
    assert f"OpenBeken {words}" in run("show", dump)[1].decode()
    assert last(run("show", dump, "--json")[1])["openbeken"] == words


def test_check_is_0_only_for_a_trustworthy_full_backup(
    run: Ran, dump: Path, tmp_path: Path
) -> None:
    data = dump.read_bytes()
    assert run("check", dump)[0] == 0
    bad = {
        "cut": data[:-4096],
        "part": data[STORE:],
        "bit": data[:0x30000] + bytes([data[0x30000] ^ 4]) + data[0x30001:],
        "blank": b"\xff" * len(data),
        "rotated": data[0x11000:] + data[:0x11000],
        "empty": b"",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
        code, out, err = run("check", tmp_path / name, "--json")
        assert code == Exit.FAULT, name
        assert last(out)["code"] == "TUYA-DOUBT"
        assert "TUYA-DOUBT" in err


def test_compare_two_dumps(run: Ran, dump: Path, tmp_path: Path) -> None:
    assert run("compare", dump, dump)[0] == 0
    other = bytearray(dump.read_bytes())
    other[0x1D0030] ^= 1
    (tmp_path / "other.bin").write_bytes(other)
    code, out, _ = run("compare", dump, tmp_path / "other.bin", "--json")
    found = last(out)
    assert (code, found["equal"], found["ranges"]) == (4, False, [[0x1D0030, 0x1D0031]])
    assert found["summary"] == "Only RF and MAC differs."


def test_export_makes_a_shareable_copy_once(run: Ran, dump: Path, tmp_path: Path) -> None:
    copy = tmp_path / "share.bin"
    code, out, _ = run("export", dump, "--redact", "--out", copy, "--json")
    assert code == 0 and last(out)["kept"] == ["user_param_key", "em_sys_env", "wf_start_md"]
    assert copy.stat().st_mode & 0o777 == 0o600
    _, out, _ = run("show", copy, "--json")
    assert last(out)["module"] == "CB2S"
    before = copy.read_bytes()
    code, _, err = run("export", dump, "--redact", "--out", copy)
    assert code == Exit.REFUSED and "TUYA-EXISTS" in err
    assert copy.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["show"],
        ["extract", "F"],
        ["extract", "F", "--key", "a", "--script"],
        ["export", "F", "--out", "G"],
        ["export", "F", "--redact"],
        ["compare", "F"],
        ["compare", "F", "G", "--port", "P"],
    ],
    ids=" ".join,
)
def test_incomplete_command_lines_are_exit_2(run: Ran, words: list[str]) -> None:
    assert run(*words)[0] == Exit.USAGE


@pytest.mark.parametrize("action", ["show", "check", "extract"])
def test_files_that_cannot_be_read(run: Ran, tmp_path: Path, action: str) -> None:
    more = ["--key", "k"] if action == "extract" else []
    for path in (tmp_path, tmp_path / "none"):
        code, out, _ = run(action, path, *more, "--json")
        assert (code, last(out)["code"]) == (Exit.FAULT, "STORE-UNREADABLE")
    hidden = tmp_path / "hidden"
    hidden.write_bytes(b"x")
    hidden.chmod(0)
    if os.geteuid():
        assert run(action, hidden, *more)[0] == Exit.FAULT


@pytest.mark.parametrize("content", [b"", b"x", b"hello\n" * 999, bytes(5000)])
def test_show_says_what_it_can_of_anything(run: Ran, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any\x1b[2J.bin"
    path.write_bytes(content)
    code, out, err = run("show", path)
    assert code == 0
    assert b"\x1b" not in out and "Traceback" not in err
    assert run("extract", path, "--template")[0] == Exit.FAULT


def test_packed_dumps_are_opened(run: Ran, dump: Path, tmp_path: Path) -> None:
    packed = tmp_path / "plug.bin.xz"
    packed.write_bytes(lzma.compress(dump.read_bytes(), preset=0))
    assert run("extract", packed, "--key", "user_param_key")[1] == LSC_N


def test_an_empty_list_says_how_to_fill_it(run: Ran) -> None:
    code, out, _ = run("list")
    assert code == 0 and b"plug backup --port" in out


def test_a_backup_is_listed_checked_and_compared_with_its_chip(
    sim_plug: Callable[..., str], tmp_path: Path, root: Path
) -> None:
    home, port = tmp_path / "home", sim_plug("--rate", "max")

    def wattbench(*words: str) -> tuple[int, dict[str, Any]]:
        ended = subprocess.run(
            [sys.executable, "-m", "tui", *words, "--home", str(home), "--json"],
            cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        return ended.returncode, json.loads(ended.stdout.splitlines()[-1])

    code, made = wattbench("plug", "backup", "--port", port)
    assert code == 0
    _, listed = wattbench("backup", "list")
    (item,) = listed["backups"]
    assert item["file"] == made["file"] and item["trusted"] is True
    assert item["label"] == "CB2S: 1 relay, 1 button, 2 LEDs, meter BL0937"
    code, checked = wattbench("backup", "check", made["file"])
    assert code == 0 and checked["proven"] is True
    code, equal = wattbench("backup", "compare", made["file"], "--port", port)
    assert code == 0 and equal["equal"] is True
    other = bytearray(Path(made["file"]).read_bytes())
    other[STORE] ^= 1
    (tmp_path / "other.bin").write_bytes(other)
    code, differs = wattbench("backup", "compare", str(tmp_path / "other.bin"), "--port", port)
    assert code == 4 and differs["ranges"] == [[STORE, STORE + 4096]]
    assert differs["areas"] == ["store key"]
