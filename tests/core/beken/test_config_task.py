"""The configuration over the wire: read, written on top, flashed together with the firmware."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from core.beken.tasks.config import (
    ReadConfigOptions,
    WriteConfigOptions,
    configure_with,
    prepare,
    read_config,
    write_config,
)
from core.beken.tasks.flash import FlashOptions, flash
from core.beken.tasks.resume import ResumeOptions, resumable, resume
from core.events import Event, Failed, Finished
from core.job import Job
from core.profile.block import Block
from core.profile.model import Names, Pin, Profile, Secret, Wifi
from core.sim import firmware
from core.sim.plug import Plug, PlugOptions
from core.stops import Stop
from tests.core.beken.bench import (
    YES,
    Bench,
    Given,
    fault_of,
    faulty,
    file_of,
    qio,
    result_of,
    stock,
)
from tests.virtual_clock import virtual

MAX = PlugOptions(rate="max")
AT = {"n": 0x1D1000, "t": 0x1E1000}
SECRET = "tops3cret"
PLUG = """\
base = "lsc-3202087.toml"
[wifi]
ssid = "Home"
password = { secret = "home-wifi" }
[mqtt]
host = "10.0.0.2"
"""
WIRES = {**YES, "wires-off": "yes"}


@cache
def light(chip: str = "n") -> bytes:
    """A stock flash without its application: it is backed up in no time."""
    flash = t_flash() if chip == "t" else stock()
    return flash[:0x11000] + b"\xff" * 0x1B9000 + flash[0x1CA000:]


@cache
def t_flash() -> bytes:
    return firmware.stock_t(mac=bytes.fromhex("a4c1385c94fa"))


def configured(flash: bytes, profile: Profile, at: int = AT["n"]) -> bytes:
    sector = Block.new().with_profile(profile).sector()
    return flash[:at] + sector + flash[at + 4096 :]


def a_bench(folder: Path, flash: bytes | None = None, options: PlugOptions = MAX) -> Bench:
    (folder / "plug.toml").write_text(PLUG)
    bench = Bench(folder, Plug(flash or light(), options), answers=Given(WIRES))
    bench.store.keys.set_secret("home-wifi", SECRET)
    return bench


async def write(
    bench: Bench,
    on_event: Callable[[Job, Event], None] | None = None,
    profile: str = "plug.toml",
    **changes: object,
) -> Finished | Failed:
    options = WriteConfigOptions(
        port="sim", profile=bench.folder / profile, supply="external", link_timeout=2.0
    )
    options = replace(options, **changes)  # type: ignore[arg-type]
    return await bench.run(
        lambda report: write_config(report, options, ports=bench.open_port, store=bench.store),
        on_event,
    )


async def read(bench: Bench, told: list[Profile] | None = None) -> Finished | Failed:
    options = ReadConfigOptions(port="sim", link_timeout=2.0)
    reveal = None if told is None else told.append
    return await bench.run(
        lambda report: read_config(
            report, options, ports=bench.open_port, store=bench.store, reveal=reveal
        )
    )


def sector_of(bench: Bench, letter: str = "n") -> bytes:
    return bytes(bench.plug.flash[AT[letter] : AT[letter] + 4096])


def rest_is_kept(bench: Bench, letter: str = "n") -> bool:
    now, at = bytes(bench.plug.flash), AT[letter]
    same = now[:at] + now[at + 4096 :]
    return same == bench.before[:at] + bench.before[at + 4096 :]


def nowhere(bench: Bench, secret: str = SECRET) -> bool:
    """True when the secret is in no event and no file but keys.toml."""
    files = [p for p in bench.folder.rglob("*") if p.is_file() and p.name != "keys.toml"]
    return secret not in bench.texts() and not any(
        secret.encode() in p.read_bytes() for p in files if p.suffix != ".bin"
    )


# -- reading -----------------------------------------------------------------------------------


@virtual
async def test_reading_shows_everything_but_secrets_and_changes_nothing(tmp_path: Path) -> None:
    there = Profile(
        names=Names("kitchen"), wifi=Wifi("Home", Secret(SECRET)), pins={8: Pin("Rel", 1)}
    )
    bench = a_bench(tmp_path, configured(light(), there))
    result = result_of(await read(bench))
    assert (result["configured"], result["version"]) == (True, 5)
    assert result["secrets"] == ["wifi.password"]
    assert 'ssid = "Home"' in str(result["toml"]) and "Rel" in str(result["toml"])
    assert "wifi.password: ****" in str(bench.facts("config")["lines"])
    assert nowhere(bench)
    assert bench.unchanged


@virtual
async def test_secrets_are_told_only_to_who_asks_and_in_no_event(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, configured(light(), Profile(wifi=Wifi("Home", Secret(SECRET)))))
    told: list[Profile] = []
    result_of(await read(bench, told))
    assert told[0].wifi.password == Secret(SECRET)
    assert nowhere(bench)


@virtual
async def test_a_stock_plug_has_no_configuration(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    result = result_of(await read(bench))
    assert (result["configured"], result["toml"], result["secrets"]) == (False, "", [])


@virtual
async def test_a_t_keeps_it_elsewhere(tmp_path: Path) -> None:
    there = configured(light("t"), Profile(wifi=Wifi("Home")), AT["t"])
    bench = a_bench(tmp_path, there, PlugOptions(rate="max", chip="t"))
    assert 'ssid = "Home"' in str(result_of(await read(bench))["toml"])


# -- writing -----------------------------------------------------------------------------------


@virtual
async def test_a_profile_goes_onto_a_stock_plug_and_nowhere_else(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    result = result_of(await write(bench))
    profile = Block.parse(sector_of(bench)).profile()
    assert (profile.wifi.ssid, profile.wifi.password) == ("Home", Secret(SECRET))
    assert profile.names == Names("plug-5C94FA", "LSC-plug-5C94FA")
    assert profile.pins[8] == Pin("Rel", 1)
    assert sector_of(bench)[3584:] == b"\xff" * 512
    assert rest_is_kept(bench)
    assert (result["verified"], result["sectors_written"]) == (True, 1)
    changed = set(result["changed"])  # type: ignore[call-overload]
    assert {"wifi.ssid", "pins.8"} <= changed and all("." in path for path in changed)
    lines = bench.facts("plan")["lines"]
    assert "keep         0x1D2000-0x1FFFFF  Tuya files and store (yours)" in lines  # type: ignore[operator]
    assert "NOT-OPENBEKEN" in bench.texts()
    assert nowhere(bench)
    assert not bench.files("jobs/*/target.bin")


@virtual
async def test_what_is_not_named_stays_and_a_backup_is_made_first(tmp_path: Path) -> None:
    there = Profile(names=Names("kitchen"), pins={7: Pin("Btn", 1)}, flags={31: True})
    bench = a_bench(tmp_path, configured(light(), there))
    (tmp_path / "wifi.toml").write_text('[wifi]\nssid = "New"\n')
    result = result_of(await write(bench, profile="wifi.toml"))
    profile = Block.parse(sector_of(bench)).profile()
    assert (profile.wifi.ssid, profile.names.short) == ("New", "kitchen")
    assert profile.pins == {7: Pin("Btn", 1)} and profile.flags[31]
    assert result["changed"] == ["wifi.ssid"]
    assert file_of(result, "backup") == bench.before


@virtual
async def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    first = result_of(await write(bench))
    again = result_of(await write(bench, backup=Path(str(first["backup"]))))
    assert (again["sectors_written"], again["changed"]) == (0, [])
    assert sum(data[7:8] == b"\x0f" for _, data in bench.links[1].frames) == 0


@virtual
async def test_an_older_backup_does_not_bring_an_older_configuration_back(tmp_path: Path) -> None:
    """The sector is read from the chip: a running OpenBeken rewrites it (rulings P15)."""
    bench = a_bench(tmp_path)
    first = result_of(await write(bench))
    (tmp_path / "name.toml").write_text('[names]\nshort = "cellar"\n')
    result_of(await write(bench, profile="name.toml", backup=Path(str(first["backup"]))))
    profile = Block.parse(sector_of(bench)).profile()
    assert (profile.names.short, profile.wifi.ssid) == ("cellar", "Home")


@virtual
async def test_a_t_takes_a_profile_too(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, light("t"), PlugOptions(rate="max", chip="t"))
    (tmp_path / "wifi.toml").write_text('[wifi]\nssid = "Home"\n')
    result_of(await write(bench, profile="wifi.toml"))
    assert Block.parse(sector_of(bench, "t")).profile().names.long == "OpenBK7231T_385C94FA"
    assert rest_is_kept(bench, "t")


@virtual
async def test_the_serial_pins_taken_means_wires_off_before_the_first_start(
    tmp_path: Path,
) -> None:
    """Rulings P5: the port is closed, the chip not restarted, and the question asked."""
    bench = a_bench(tmp_path)
    closed: list[bool] = []

    def look(job: Job, event: Event) -> None:
        if getattr(getattr(event.body, "question", None), "key", "") == "wires-off":
            closed.append(all(link.closed for link in bench.links))

    result_of(await write(bench, look))
    assert closed == [True]
    assert not any(b"\x0e\xa5" in data[:6] for _, data in bench.links[0].frames)


@virtual
async def test_other_pins_ask_nothing_of_the_wires(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    (tmp_path / "wifi.toml").write_text('[wifi]\nssid = "Home"\n')
    result_of(await write(bench, profile="wifi.toml"))
    assert "wires-off" not in [question.key for question in bench.answers.asked]
    assert any(b"\x0e\xa5" in data[:6] for _, data in bench.links[0].frames)


# -- secrets -----------------------------------------------------------------------------------


@virtual
async def test_a_secret_that_is_not_kept_is_asked_for_before_the_plug_is_linked(
    tmp_path: Path,
) -> None:
    bench = a_bench(tmp_path)
    (tmp_path / "keys.toml").unlink()
    bench.answers.given["secret-home-wifi"] = "typed-s3cret"
    result_of(await write(bench))
    assert Block.parse(sector_of(bench)).profile().wifi.password == Secret("typed-s3cret")
    assert bench.answers.asked[0].secret
    assert nowhere(bench, "typed-s3cret")


@virtual
async def test_a_secret_that_nobody_gives_ends_it_before_the_port_is_opened(
    tmp_path: Path,
) -> None:
    bench = a_bench(tmp_path)
    (tmp_path / "keys.toml").unlink()
    fault = fault_of(await write(bench))
    assert (fault.code, fault.exit) == ("UNANSWERED", 3)
    assert "home-wifi" in fault.what
    assert fault.next == "Add home-wifi under [secrets] of keys.toml."
    assert not bench.links


@virtual
async def test_a_file_of_keys_that_others_can_read_is_said(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    (tmp_path / "keys.toml").chmod(0o644)
    result_of(await write(bench))
    assert "chmod 600" in bench.texts()


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "PROFILE-TEXT"),
        ('colour = "red"', "PROFILE-TEXT"),
        ('base = "nowhere.toml"', "PROFILE-BASE"),
        ('[pins]\n8 = { role = "Nonsense" }', "PROFILE-VALUE"),
        ('[wifi]\nssid = "' + "x" * 70 + '"', "PROFILE-VALUE"),
    ],
)
def test_a_bad_profile_is_refused_before_the_port_is_opened(
    text: str, code: str, tmp_path: Path
) -> None:
    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path)
        (tmp_path / "bad.toml").write_text(text)
        fault = fault_of(await write(bench, profile="bad.toml"))
        assert (fault.code, fault.exit) == (code, 3)
        assert not bench.links

    scene()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('chip = "bk7231t"', "PROFILE-CHIP"),
        ('module = "CB3S"', "PROFILE-BOARD"),
        ('[pins]\n8 = { role = "Btn" }', "PROFILE-BOARD"),
    ],
)
def test_a_profile_of_another_plug_is_refused_with_nothing_changed(
    text: str, code: str, tmp_path: Path
) -> None:
    """Rulings P18."""

    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path)
        (tmp_path / "other.toml").write_text(text)
        fault = fault_of(await write(bench, profile="other.toml"))
        assert (fault.code, fault.exit, fault.touched) == (code, 3, "nothing")
        assert bench.unchanged

    scene()


@virtual
async def test_the_backup_of_another_plug_opens_nothing(tmp_path: Path) -> None:
    other = Bench(tmp_path, Plug(firmware.stock_n(mac=bytes.fromhex("a4c138000001")), MAX))
    (tmp_path / "wifi.toml").write_text('[wifi]\nssid = "Home"\n')
    made = result_of(await write(other, profile="wifi.toml"))
    bench = a_bench(tmp_path)
    fault = fault_of(await write(bench, backup=Path(str(made["backup"]))))
    assert (fault.code, fault.exit) == ("BK-FOREIGN", 3)
    assert bench.unchanged


@virtual
async def test_read_only_and_a_no_change_nothing(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    bench.read_only = True
    assert fault_of(await write(bench)).code == "READ-ONLY"
    assert not bench.links and not bench.answers.asked
    bench.read_only = False
    bench.answers.given["write-plan"] = "no"
    assert fault_of(await write(bench)).code == "DECLINED"
    assert bench.unchanged


# -- accidents ---------------------------------------------------------------------------------


@pytest.mark.parametrize("chip", ["n", "t"])
@pytest.mark.parametrize(
    "order", ["lost:erase", "lost:write", "corrupt:host:write:300", "drop:host:write:200"]
)
def test_an_accident_ends_in_the_right_sector_all_the_same(
    order: str, chip: str, tmp_path: Path
) -> None:
    @virtual
    async def scene() -> None:
        flash = light(chip)
        bench = a_bench(tmp_path, flash, faulty(order, chip=chip))
        (tmp_path / "wifi.toml").write_text('[wifi]\nssid = "Home"\n')
        result_of(await write(bench, profile="wifi.toml"))
        assert Block.parse(sector_of(bench, chip)).profile().wifi.ssid == "Home"
        assert rest_is_kept(bench, chip)

    scene()


@virtual
async def test_the_adapter_pulled_out_while_writing_names_how_to_go_on(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, options=faulty("vanish:write:1"))
    fault = fault_of(await write(bench))
    assert (fault.code, fault.touched) == ("LINK-GONE", "partial")
    assert fault.command[:3] == ("wattbench", "jobs", "resume")
    assert rest_is_kept(bench)
    (target,) = bench.files("jobs/*/target.bin")
    assert target.stat().st_mode & 0o777 == 0o600
    plan = json.loads(bench.files("jobs/*/plan.json")[0].read_text())
    assert SECRET not in json.dumps(plan)


@pytest.mark.parametrize("chip", ["n", "t"])
@pytest.mark.parametrize("change", [1, 2])
def test_what_was_cut_off_is_resumed_to_the_exact_sector(
    change: int, chip: str, tmp_path: Path
) -> None:
    @virtual
    async def scene() -> None:
        before = light(chip)
        flash = configured(before, Profile(names=Names("kitchen")), AT[chip])
        bench = a_bench(tmp_path, flash, faulty(f"vanish:change:{change}", chip=chip))
        (tmp_path / "wifi.toml").write_text('base = "secret.toml"\n[wifi]\nssid = "Home"\n')
        (tmp_path / "secret.toml").write_text('[wifi]\npassword = { secret = "home-wifi" }\n')
        assert fault_of(await write(bench, profile="wifi.toml")).code == "LINK-GONE"
        (job,) = resumable(bench.store)
        bench.plug = Plug(bytes(bench.plug.flash), replace(bench.plug.options, faults=()))
        (tmp_path / "keys.toml").unlink()  # the exact bytes lie in the job's folder
        options = ResumeOptions(port="sim", job=job, supply="external", link_timeout=2.0)
        result_of(
            await bench.run(
                lambda report: resume(report, options, ports=bench.open_port, store=bench.store)
            )
        )
        profile = Block.parse(sector_of(bench, chip)).profile()
        assert profile.wifi.password == Secret(SECRET)
        assert rest_is_kept(bench, chip)
        assert not bench.files("jobs/*/target.bin")
        assert nowhere(bench)

    scene()


@virtual
async def test_cancel_before_the_write_changes_nothing(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)

    def cancel(job: Job, event: Event) -> None:
        if getattr(event.body, "name", "") == "Plan":
            job.stop(Stop.CANCEL)

    assert fault_of(await write(bench, cancel)).code == "CANCELLED"
    assert bench.unchanged


# -- together with the firmware ----------------------------------------------------------------


@virtual
async def test_flashing_with_a_profile_writes_both(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, stock())
    (tmp_path / "image.bin").write_bytes(qio())
    options = FlashOptions(
        port="sim", image=tmp_path / "image.bin", supply="external", link_timeout=2.0
    )

    async def task(report):  # type: ignore[no-untyped-def]
        profile = await prepare(report, bench.store, Path("plug.toml"))
        return await flash(
            report, options, ports=bench.open_port, store=bench.store,
            configure=configure_with(report, profile),
        )  # fmt: skip

    (tmp_path / "profiles").mkdir()
    (tmp_path / "plug.toml").rename(tmp_path / "profiles/plug.toml")
    result_of(await bench.run(task))
    assert Block.parse(sector_of(bench)).profile().wifi.ssid == "Home"
    now = bytes(bench.plug.flash)
    assert now[0x11000 : len(qio())] == qio()[0x11000:]
    assert now[:0x11000] == bench.before[:0x11000]
    assert now[0x1D0000:0x1D1000] == bench.before[0x1D0000:0x1D1000]
    assert nowhere(bench)
