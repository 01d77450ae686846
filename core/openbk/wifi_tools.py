"""What this computer's Wi-Fi hears, asked of the tools that are there; and its network cards.

Only looks: `nmcli` lists what NetworkManager has heard and lets it listen again when that is old;
where it is not there, `iw` is asked.  No connection is made or changed.  That a tool is missing or
refuses is one sentence, never an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from core.openbk.access_points import FIELDS, Heard, of_iw, of_nmcli

DEADLINE = 25.0
"""Seconds for one tool; listening on every channel takes up to 15."""
CARDS = Path("/sys/class/net")
LISTED = ("--terse", "--escape", "yes", "--colors", "no", "--fields", FIELDS,
          "device", "wifi", "list", "--rescan", "auto")  # fmt: skip
OWN_ADDRESS = 0x8915  # SIOCGIFADDR


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look gave: by which tool (empty: none could), everything heard, and what there is
    to say about it."""

    tool: str
    heard: tuple[Heard, ...] = ()
    said: tuple[str, ...] = ()


async def look(
    *, path: str | None = None, cards: Path = CARDS, deadline: float = DEADLINE
) -> Looked:
    """Everything in the air, by nmcli, else by iw.  Never raises for what a tool does.

    `path` are the folders of the tools; iw lies where an ordinary user does not look.
    """
    folders = path or f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    nmcli, iw = (shutil.which(name, path=folders) for name in ("nmcli", "iw"))
    said: list[str] = []
    if nmcli:
        code, out, err = await _run((nmcli, *LISTED), deadline)
        heard = of_nmcli(out)
        if code == 0 and heard:
            return Looked("nmcli", tuple(heard))
        why = "it hears none; is Wi-Fi switched on?" if code == 0 else _first(err, code)
        said.append(f"nmcli lists no access points: {why}")
    if iw is None:
        no_tool = "No look into the air: neither nmcli nor iw is installed."
        said.append("No other look: iw is not installed." if nmcli else no_tool)
        return Looked("", (), tuple(said))
    names = wireless(cards)
    if not names:
        said.append("No look into the air: this computer has no Wi-Fi card.")
    tool, found = "", []
    for name in names:
        answered, heard = await _ask_iw(iw, name, deadline, said)
        tool = "iw" if answered else tool
        found += heard
    return Looked(tool, tuple(found), tuple(said))


async def _ask_iw(iw: str, card: str, deadline: float, said: list[str]) -> tuple[bool, list[Heard]]:
    """Listen, which needs root; else what the card heard before, which does not."""
    code, out, err = await _run((iw, "dev", card, "scan"), deadline)
    if code == 0:
        return True, of_iw(out)
    root = " Root may." if "not permitted" in err else ""
    said.append(f"iw does not listen on {card}: {_first(err, code)}{root}")
    code, out, err = await _run((iw, "dev", card, "scan", "dump"), deadline)
    if code == 0:
        said.append(f"Shown is what {card} heard before.")
        return True, of_iw(out)
    said.append(f"iw does not show what {card} heard before: {_first(err, code)}")
    return False, []


def _first(err: str, code: int | None) -> str:
    """What a tool said last, in one short sentence."""
    if code is None:
        return "no answer in time."
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    text = lines[-1] if lines else f"exit code {code}"
    text = text.removeprefix("Error: ").removeprefix("command failed: ")
    return f"{text[:120].rstrip('.')}."


async def _run(words: tuple[str, ...], deadline: float) -> tuple[int | None, str, str]:
    """(exit code, output, errors); no code when it could not run to its end in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError as error:
        return 126, "", error.strerror or "it does not start"
    try:
        async with asyncio.timeout(deadline):
            out, err = await process.communicate()
    except TimeoutError:
        return None, "", ""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = out.decode("utf-8", "surrogateescape")
    return process.returncode, text, err.decode("utf-8", "backslashreplace")


# -- the card that carries this session ----------------------------------------------------


def wireless(cards: Path = CARDS) -> list[str]:
    """The Wi-Fi cards of this computer."""
    if not cards.is_dir():
        return []
    return sorted(card.name for card in cards.iterdir() if (card / "phy80211").exists())


def card_of(address: str) -> str:
    """The network card with this address of ours, or nothing when that cannot be known."""
    if "%" in address:  # fe80::1%wlan0
        return address.partition("%")[2]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        wanted = socket.inet_aton(address)
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # a card without an address
                answer = fcntl.ioctl(probe, OWN_ADDRESS, struct.pack("256s", name.encode()[:15]))
                if answer[20:24] == wanted:
                    return name
    return ""
