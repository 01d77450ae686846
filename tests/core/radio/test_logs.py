"""Log lines of libraries: in our log, never on the terminal."""

import logging

from core.radio.logs import LIBRARIES, LibraryLogs


def test_warnings_go_to_the_log_only(capfd):
    lines = []
    noisy = logging.StreamHandler()  # as BLEAK_LOGGING would add one
    logging.getLogger("bleak").addHandler(noisy)
    logs = LibraryLogs(lines.append)
    try:
        for name in LIBRARIES:
            logging.getLogger(f"{name}.part").warning("odd: %s", name)
            logging.getLogger(f"{name}.part").debug("not of interest")
    finally:
        logs.close()
        logging.getLogger("bleak").removeHandler(noisy)
    assert lines == [f"{name}.part: odd: {name}" for name in LIBRARIES]
    assert capfd.readouterr() == ("", "")
    assert all(logging.getLogger(name).propagate for name in LIBRARIES)
