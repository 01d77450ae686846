"""What nmcli and iw print, which of it is a device's, and tools that are missing or refuse."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.openbk import wifi_tools
from core.openbk.access_points import (
    FIELDS,
    Heard,
    line,
    of_iw,
    of_nmcli,
    of_openbeken,
    unescaped,
)
from core.openbk.wifi_tools import Looked, look

# nmcli 1.42 (Debian 12), `--terse --escape yes --fields` FIELDS: a device, a device that somebody
# closed, a hidden network, a neighbour with a colon, backslash and line feed in its name.
NMCLI = """\
4F70656E424B373233314E5F3141324233433444:1C\\:90\\:FF\\:1A\\:2B\\:3C:1:2412 MHz:72:
4F70656E424B37323331545F3041304230433044:1C\\:90\\:FF\\:0A\\:0B\\:0C:1:2412 MHz:40:WPA2
:60\\:FF\\:7B\\:43\\:B5\\:26:149:5745 MHz:64:WPA1 WPA2
476173743A5C0A3E:00\\:21\\:6A\\:75\\:60\\:22:11:2462 MHz:100:--
506C756720C3BC:1C\\:90\\:FF\\:5C\\:94\\:FA:1:2412 MHz:31:
"""

# iw 5.19, `iw dev wlan0 scan`, shortened; as root.
IW = """\
BSS 1c:90:ff:1a:2b:3c(on wlan0)
\tlast seen: 1263.512s [boottime]
\tTSF: 41164800 usec (0d, 00:00:41)
\tfreq: 2412
\tbeacon interval: 100 TUs
\tcapability: ESS ShortSlotTime (0x0401)
\tsignal: -53.00 dBm
\tlast seen: 0 ms ago
\tSSID: OpenBK7231N_1A2B3C4D
\tSupported rates: 1.0* 2.0* 5.5* 11.0* 6.0 9.0 12.0 18.0
\tDS Parameter set: channel 1
\tHT operation:
\t\t * primary channel: 7
BSS 60:ff:7b:43:b5:26(on wlan0) -- associated
\tfreq: 5745.0
\tcapability: ESS Privacy SpectrumMgmt RadioMeasure (0x1111)
\tsignal: -67.00 dBm
\tSSID: \\x00\\x00\\x1b[2J \\x20
\tRSN:\t * Version: 1
\t\t * Group cipher: CCMP
BSS 1c:90:ff:5c:94:fa(on wlan0)
\tfreq: 2412
\tcapability: ESS (0x0001)
\tsignal: 31/100
\tSSID: Plug \\xc3\\xbc
"""

FRESH = Heard(
    name=b"OpenBK7231N_1A2B3C4D",
    bssid="1C:90:FF:1A:2B:3C",
    channel=1,
    frequency=2412,
    signal=72,
    unit="%",
)
KNOWN = {"Plug ü": "A4:C1:38:5C:94:FA", "": "00:00:00:00:00:01"}


def test_what_nmcli_prints() -> None:
    heard = of_nmcli(NMCLI)
    assert heard[0] == FRESH
    assert [one.open for one in heard] == [True, False, False, True, True]
    assert [one.name for one in heard[2:]] == [b"", b"Gast:\\\n>", "Plug ü".encode()]


def test_what_iw_prints() -> None:
    heard = of_iw(IW)
    assert heard[0] == Heard(
        name=b"OpenBK7231N_1A2B3C4D",
        bssid="1C:90:FF:1A:2B:3C",
        channel=1,
        frequency=2412,
        signal=-53,
        unit="dBm",
    )
    closed = heard[1]
    assert (closed.name, closed.open, closed.frequency) == (b"\0\0\x1b[2J  ", False, 5745)
    assert (heard[2].name, heard[2].signal, heard[2].unit) == ("Plug ü".encode(), 31, "%")


def test_iw_writes_a_backslash_as_a_number_too() -> None:
    # print_ssid_escaped of iw: not printable, a space at either end, and the backslash itself
    text = "BSS 00:11:22:33:44:55(on wlan0)\n\tSSID: a\\x5cx41\\x20\n"
    assert of_iw(text)[0].name == b"a\\x41 "


@pytest.mark.parametrize(
    ("printed", "fields"),
    [("a:b", ["a", "b"]), (r"a\:b:c\\:d", ["a:b", "c\\", "d"]), ("", [""]), ("a\\", ["a"])],
)
def test_terse_fields(printed: str, fields: list[str]) -> None:
    assert unescaped(printed) == fields


@settings(max_examples=60, deadline=None)
@given(st.text(), st.binary(max_size=200))
def test_any_output_is_read_without_a_crash(text: str, raw: bytes) -> None:
    for printed in (text, raw.decode("utf-8", "surrogateescape")):
        for heard in (of_nmcli(printed), of_iw(f"BSS 00:11:22:33:44:55\n\t{printed}")):
            of_openbeken(heard, {printed.encode("utf-8", "replace").decode(): "x"})


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=32))
def test_any_name_comes_through_both_tools(name: bytes) -> None:
    def iw(i: int, byte: int) -> str:
        plain = (32 < byte < 127 and byte != 0x5C) or (byte == 32 and 0 < i < len(name) - 1)
        return chr(byte) if plain else f"\\x{byte:02x}"

    written = "".join(iw(i, byte) for i, byte in enumerate(name))
    assert of_iw(f"BSS 00:11:22:33:44:55(on wlan0)\n\tSSID: {written}\n")[0].name == name
    assert of_nmcli(f"{name.hex().upper()}:00\\:11:1:2412 MHz:50:")[0].name == name


def test_ours_are_the_open_ones_with_a_device_s_name() -> None:
    points = of_openbeken(of_nmcli(NMCLI), KNOWN)
    assert [(p.name, p.chip, p.mac_tail, p.mac) for p in points] == [
        ("OpenBK7231N_1A2B3C4D", "BK7231N", "1A2B3C4D", ""),
        ("Plug ü", "", "385C94FA", "A4:C1:38:5C:94:FA"),
    ]
    assert line(points[0]) == "OpenBK7231N_1A2B3C4D  72 %  channel 1  2412 MHz"
    assert line(points[1]) == "Plug ü  31 %  channel 1  2412 MHz  A4:C1:38:5C:94:FA"


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        (b"OpenBK7231T_0a0b0c0d", "BK7231T"),
        (b"OpenBL602_00FF00FF", "BL602"),
        (b"OpenLN882H_00FF00FF", "LN882H"),
        (b"OpenBK7231N_1A2B3C4", None),
        (b"OpenBK7231N_1A2B3C4D5", None),
        (b"xOpenBK7231N_1A2B3C4D", None),
        (b"OpenWrt", None),
        (b"Open\x1b]0;_1A2B3C4D", None),
    ],
)
def test_names_that_a_device_gives_itself(name: bytes, chip: str | None) -> None:
    points = of_openbeken([Heard(name=name)], {})
    assert [point.chip for point in points] == ([] if chip is None else [chip])


def test_a_long_name_is_cut_at_32_bytes() -> None:
    long = "Steckdose im Keller, hinten rechts"
    heard = [Heard(name=long.encode()[:32])]
    assert of_openbeken(heard, {long: "A4:C1:38:5C:94:FA"})[0].mac_tail == "385C94FA"


def test_heard_twice_is_said_once_with_its_best_signal() -> None:
    twice = [
        Heard(name=FRESH.name, bssid=FRESH.bssid),
        Heard(name=FRESH.name, bssid=FRESH.bssid, signal=-60),
        Heard(name=FRESH.name, bssid=FRESH.bssid, signal=-70),
        Heard(name=b"OpenBK7231T_00000001", bssid="x", signal=-40),
    ]
    assert [point.signal for point in of_openbeken(twice, {})] == [-40, -60]


# -- the tools -----------------------------------------------------------------------------


class Tools:
    """A folder of tools, each a small program that notes how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cards = folder / "bin", folder / "net"
        self.folder.mkdir()
        self.called = folder / "called"

    def add(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "$LC_ALL {name} $*" >> {self.called}\n{script}\n')
        path.chmod(0o755)

    def prints(self, name: str, text: str) -> str:
        """A script line that prints the text."""
        (self.folder / f"{name}.txt").write_text(text)
        return f"while IFS= read -r l; do printf '%s\\n' \"$l\"; done < {self.folder}/{name}.txt"

    def card(self, name: str, *, wireless: bool = True) -> None:
        (self.cards / name / ("phy80211" if wireless else "")).mkdir(parents=True)

    async def look(self, deadline: float = 20.0) -> Looked:
        return await look(path=str(self.folder), cards=self.cards, deadline=deadline)

    def calls(self) -> list[str]:
        return self.called.read_text().splitlines() if self.called.exists() else []


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path)


async def test_nmcli_is_asked_for_its_list_and_nothing_else(tools: Tools) -> None:
    tools.add("nmcli", tools.prints("nmcli", NMCLI))
    tools.add("iw", "exit 1")
    looked = await tools.look()
    assert looked.tool == "nmcli" and looked.heard[0] == FRESH and not looked.said
    assert tools.calls() == [
        f"C nmcli --terse --escape yes --colors no --fields {FIELDS} device wifi list --rescan auto"
    ]


async def test_iw_listens_where_nmcli_is_missing(tools: Tools) -> None:
    tools.add("iw", tools.prints("iw", IW))
    tools.card("wlan0")
    tools.card("eth0", wireless=False)
    looked = await tools.look()
    assert (looked.tool, len(looked.heard), looked.said) == ("iw", 3, ())
    assert tools.calls() == ["C iw dev wlan0 scan"]


async def test_a_refusal_is_said_and_what_was_heard_before_is_shown(tools: Tools) -> None:
    tools.add("nmcli", 'echo "Error: NetworkManager is not running." >&2; exit 8')
    refused = 'echo "command failed: Operation not permitted (-1)" >&2; exit 255'
    tools.add("iw", f'[ "$4" = dump ] || {{ {refused}; }}\n{tools.prints("iw", IW)}')
    tools.card("wlan0")
    looked = await tools.look()
    assert looked.tool == "iw" and len(looked.heard) == 3
    assert looked.said == (
        "nmcli lists no access points: NetworkManager is not running.",
        "iw does not listen on wlan0: Operation not permitted (-1). Root may.",
        "Shown is what wlan0 heard before.",
    )
    assert tools.calls()[-2:] == ["C iw dev wlan0 scan", "C iw dev wlan0 scan dump"]


async def test_a_card_that_is_down_is_said(tools: Tools) -> None:
    tools.add("iw", 'echo "command failed: Network is down (-100)" >&2; exit 156')
    tools.card("wlan0")
    looked = await tools.look()
    assert (looked.tool, looked.heard) == ("", ())
    assert looked.said[0] == "iw does not listen on wlan0: Network is down (-100)."
    assert "heard before: Network is down" in looked.said[1]


async def test_no_tool_and_no_card_are_one_sentence(tools: Tools) -> None:
    assert (await tools.look()).said == (
        "No look into the air: neither nmcli nor iw is installed.",
    )
    tools.add("iw", "exit 1")
    assert (await tools.look()).said == ("No look into the air: this computer has no Wi-Fi card.",)
    assert not tools.calls()


async def test_a_radio_that_is_off_hears_nothing(tools: Tools) -> None:
    tools.add("nmcli", "exit 0")
    assert (await tools.look()).said == (
        "nmcli lists no access points: it hears none; is Wi-Fi switched on?",
        "No other look: iw is not installed.",
    )


async def test_a_tool_that_hangs_is_ended(tools: Tools) -> None:
    tools.add("nmcli", f"echo $$ > {tools.folder}/pid; exec sleep 60")
    looked = await tools.look(deadline=0.5)
    assert looked.said[0] == "nmcli lists no access points: no answer in time."
    with pytest.raises(ProcessLookupError):
        os.kill(int((tools.folder / "pid").read_text()), 0)


async def test_a_stop_ends_the_tool(tools: Tools) -> None:
    pid = tools.folder / "pid"
    tools.add("nmcli", f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60")
    looking = asyncio.create_task(tools.look())
    async with asyncio.timeout(20):
        while not pid.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_tool_that_does_not_start_is_said(tools: Tools) -> None:
    (tools.folder / "nmcli").write_text("#!/nowhere/sh\n")
    (tools.folder / "nmcli").chmod(0o755)
    assert "No such file" in (await tools.look()).said[0]


def test_the_card_that_carries_an_address() -> None:
    assert wifi_tools.card_of("127.0.0.1") == "lo"
    assert wifi_tools.card_of("fe80::1%wlan0") == "wlan0"
    assert wifi_tools.card_of("203.0.113.77") == wifi_tools.card_of("::1") == ""
