"""The simulated bench: its programmer's module is in the same air that Scan listens to."""

from tui.demo import Demo


def test_the_module_at_the_programmer_is_in_the_air_of_the_bench() -> None:
    bench = Demo()
    try:
        assert "A4:C1:38:AA:BB:CC" in bench.shared["air"].devices
        assert any("programmer" in port.description for port in bench.ports())
    finally:
        bench.close()
