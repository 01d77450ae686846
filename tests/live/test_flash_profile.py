"""A profile along with the firmware, keys only: the secret typed unseen, the wires taken off."""

from __future__ import annotations

from core.profile.block import Block
from tests.live.bench import IMAGE, Table

SECRET = "tops3cret"
PROFILE = """\
base = "lsc-3202087.toml"
[wifi]
ssid = "Home"
password = { secret = "home-wifi" }
"""


def test_a_plug_is_flashed_and_configured_in_one_go(table: Table) -> None:
    home = table.folder / "home"
    (home / "profiles").mkdir(parents=True)
    (home / "profiles/mine.toml").write_text(PROFILE)
    with table.plug() as plug:
        (home / "settings.toml").write_text(
            f'plug_port = "{plug.path}"\nplug_profile = "{home / "profiles/mine.toml"}"\n'
        )
        with table.app() as app:
            app.until(lambda screen: IMAGE in screen and "Profile     mine.toml" in screen)
            app.keys("f")
            app.until("The profile needs the secret 'home-wifi'")
            app.read()
            app.keys(*SECRET)
            screen = app.until("•" * len(SECRET))
            assert SECRET not in screen
            app.keys("enter")
            app.until("y  yes    n  no")
            app.keys("y")
            app.until("Write this now?")
            app.keys("y")
            app.until("Are the RX1 and TX1 wires removed?")
            app.keys("y")
            app.until("Did it start?")
            app.keys("y")
            app.until("written, proven, and it started")
            app.keys("q")
            assert app.end() == 0
        flash = plug.flash()
    profile = Block.parse(flash[0x1D1000:0x1D2000]).profile()
    assert (profile.wifi.ssid, profile.pins[8].role) == ("Home", "Rel")
    assert profile.wifi.password is not None and profile.wifi.password.value == SECRET
    kept = [path for path in home.rglob("*") if path.is_file() and path.suffix != ".bin"]
    assert not any(SECRET.encode() in path.read_bytes() for path in kept)


def test_leaving_while_the_boot_log_is_listened_to_ends_it(table: Table) -> None:
    with table.plug() as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            app.until(IMAGE)
            app.keys("l")
            app.until("Not one byte came")
            app.keys("q")
            assert app.end() == 0
        assert plug.flash() == table.stock
