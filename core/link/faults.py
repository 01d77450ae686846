"""How a serial line can fail, each way with its help page."""

from core.fault import FaultError, FaultKind

GONE = FaultKind(
    "LINK-GONE",
    "The port went away while it was in use",
    "The adapter was unplugged, lost its supply, or the program at the other end was closed.\n"
    "1. Look at the USB plug and the cable; a hub without its own supply drops adapters.\n"
    "2. If it happens whenever the plug's supply is connected, the adapter resets because its "
    "3.3 V pin is overloaded: feed the module from its own 3.3 V supply, common GND.\n"
    "3. Plug the adapter in again, see `wattbench ports`, and repeat or resume the job.",
)
STUCK = FaultKind(
    "LINK-STUCK",
    "The port does not take data any more",
    "The operating system accepted nothing for the port for seconds.\n"
    "1. Pull the adapter out, wait two seconds, plug it in again.\n"
    "2. Use another USB socket, without a hub.\n"
    "3. A simulated port does this when nobody reads its other end.",
)
BAUD = FaultKind(
    "LINK-BAUD",
    "The adapter refuses this speed",
    "Not every adapter chip can make every speed; some silently make another one.\n"
    "1. Take a lower speed: `--baud 460800`, then 230400, then 115200.\n"
    "2. CH340 and PL2303 are often good for 460800 only; CP2102 ends at 921600.",
)
HUNG = FaultKind(
    "LINK-OPEN-HUNG",
    "Opening the port never came to an end",
    "The driver of the adapter does not answer.\n"
    "1. Pull the adapter out and plug it in again.\n"
    "2. `dmesg | tail` tells whether the USB bus reports errors; try another cable and socket.\n"
    "3. If it comes back, restart this computer.",
)
NO_PORT = FaultKind(
    "LINK-NO-PORT",
    "There is no such port",
    "1. Is the adapter plugged in? `wattbench ports` lists what is there.\n"
    "2. Names such as ttyUSB0 change; use the name under /dev/serial/by-id or by-path.\n"
    "3. A CH340 that vanishes right after plugging in is taken by brltty: "
    "`sudo apt remove brltty`, then plug it in again.\n"
    "4. A charge-only USB cable shows no port at all.\n"
    "5. `wattbench doctor` looks for all of this.",
)
DENIED = FaultKind(
    "LINK-DENIED",
    "You may not use this port",
    "Serial ports belong to the group dialout (uucp on Arch).\n"
    "1. `sudo usermod -aG dialout $USER`\n"
    "2. Log out and in again (a new SSH session); groups are read at log-in only.\n"
    "3. `id` must now name dialout; `wattbench doctor` tells when only the log-in is missing.",
)
BUSY = FaultKind(
    "LINK-BUSY",
    "The port is in use",
    "One program at a time can talk through a port.\n"
    "1. The message names who has it; end that job or close that program.\n"
    "2. ModemManager tries every new port for some seconds: wait ten seconds and try again.\n"
    "3. On a Raspberry Pi a log-in console may sit on the built-in UART; "
    "`sudo raspi-config` turns it off. A USB adapter is the better choice.",
)
URL = FaultKind(
    "LINK-URL",
    "This kind of port address is not understood",
    "A port is a device path such as /dev/ttyUSB0 or /dev/serial/by-id/... . For a raw TCP serial "
    "server it is socket://HOST:PORT. For a server that takes speed and lines over the network it "
    "is rfc2217://HOST:PORT.",
)
OPEN = FaultKind(
    "LINK-OPEN",
    "The port could not be opened",
    "The path exists but does not behave like a serial port, or its driver reports an error.\n"
    "1. Check the name with `wattbench ports`.\n"
    "2. Pull the adapter out and plug it in again; see `dmesg | tail`.",
)
HOST = FaultKind(
    "LINK-HOST",
    "The serial server on the network does not answer",
    "1. Check host name and TCP port of the address.\n"
    "2. Is the serial server on, and in this network? `ping HOST`\n"
    "3. Most serial servers accept one client at a time.",
)
RFC2217 = FaultKind(
    "LINK-RFC2217",
    "The serial server does not speak RFC 2217",
    "Something answers at this address, but it does not take settings by telnet.\n"
    "1. Is it a raw TCP server (ser2net `raw`, socat, ESPHome stream server)? Then use "
    "socket://HOST:PORT.\n"
    "2. ser2net: the port needs `telnet(rfc2217)`.\n"
    "3. Some servers answer settings wrongly: add ?ign_set_control to the address.",
)
TAPE = FaultKind(
    "LINK-TAPE",
    "The wire tape cannot be written or read",
    "A tape is a private file with everything that went over the wire. It is never written over "
    "an existing file: choose a new name, in a folder that you may write to, with free space.",
)


def gone(name: str, seen: str) -> FaultError:
    """LINK-GONE for the port `name`; `seen` is the sign by which it was noticed."""
    return GONE(
        what=f"The port {name} went away: {seen}.",
        cause="The adapter was unplugged or lost its supply, or the other end was closed.",
        next="Check the USB plug and the supply, plug the adapter in again, then repeat the step.",
    )


def unreachable(url: str, host: str, seen: str) -> FaultError:
    """LINK-HOST for a serial server on the network; `seen` says how it looked."""
    return HOST(
        what=f"{url} cannot be reached: {seen}.",
        cause="The serial server is off, elsewhere, or already has a client.",
        next=f"Check the address, and that {host} answers a ping.",
    )


def closed(name: str) -> FaultError:
    """LINK-GONE for a port that this program closed itself."""
    return GONE(
        what=f"The port {name} is closed.",
        cause="The job that used the port has already let it go.",
        next="Start the job again.",
    )


def bad_baud(name: str, baud: int, seen: str) -> FaultError:
    """LINK-BAUD for the port `name`; `seen` says how the refusal looked."""
    return BAUD(
        what=f"The port {name} refuses {baud} baud: {seen}.",
        cause="The chip in the adapter cannot make this speed.",
        next="Take a lower speed, for example --baud 115200.",
        state="The speed on our side is what it was before.",
    )
