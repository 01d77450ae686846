"""Questions on the command line: flags, a terminal, nobody, and a terminal that goes away."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live.processes import until
from tests.tui.toy_process import Toy, toy

MAC = "A4:C1:38:5C:94:FA"


def answer_of(it: Toy) -> tuple[str, str]:
    answer = next(e for e in it.journal() if e["event"] == "answer")
    return answer["answer"], answer["by"]


# -- no terminal ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "flag"), [((), "--yes"), (("--expect", MAC), f"--confirm {MAC}")]
)
def test_no_terminal_and_no_answer(tmp_path: Path, arguments: tuple[str, ...], flag: str) -> None:
    with toy(tmp_path, "ask", *arguments, "--json") as it:
        assert it.end() == 3
        assert it.last()["code"] == "UNANSWERED"
        assert f"Give {flag} " in it.last()["next"]
        assert flag in it.errors()
        assert it.end_event() == ("fault", "UNANSWERED")


def test_yes_is_taken_and_goes_on_record(tmp_path: Path) -> None:
    with toy(tmp_path, "ask", "-y", "--json") as it:
        assert it.end() == 0
        assert answer_of(it) == ("yes", "--yes")


def test_confirm_gives_what_must_be_typed(tmp_path: Path) -> None:
    with toy(tmp_path, "ask", "--expect", MAC, "--confirm", MAC, "--json") as it:
        assert it.end() == 0
        assert answer_of(it) == (MAC, "--confirm")


@pytest.mark.parametrize("flags", [("--confirm", "A4:C1:38:00:00:00"), ("--yes",)])
def test_nothing_else_passes_for_what_must_be_typed(tmp_path: Path, flags: tuple[str, ...]) -> None:
    with toy(tmp_path, "ask", "--after", "--expect", MAC, *flags, "--json") as it:
        assert it.end() == 1
        assert it.last()["touched"] == "unknown"


def test_read_only_refuses_the_first_write(tmp_path: Path) -> None:
    with toy(tmp_path, "compute", "--after", "--read-only", "--json") as it:
        assert it.end() == 3
        assert it.end_event() == ("fault", "READ-ONLY")


# -- a mistake in the program -----------------------------------------------------------------


def test_a_mistake_in_a_verb_is_one_message_and_a_log(tmp_path: Path) -> None:
    with toy(tmp_path, "crash", "--json") as it:
        assert it.end() == 1
        assert (it.last()["event"], it.last()["code"]) == ("fault", "INTERNAL")
        assert "Traceback" not in it.errors()
    log = tmp_path / "log/wattbench.log"
    assert "ZeroDivisionError: in the verb" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_used_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with toy(tmp_path, "compute", "--json", "--home", tmp_path / "file") as it:
        assert it.end() == 1
        assert it.last()["code"] == "STORE-UNREADABLE"


def test_no_streams_at_all(tmp_path: Path) -> None:
    def close_all() -> None:
        os.closerange(0, 3)

    release = tmp_path / "release"
    release.touch()
    streams: dict[str, Any] = {"stdin": None, "stdout": None, "stderr": None}
    with toy(
        tmp_path, "compute", "--after", "--until", release, preexec_fn=close_all, **streams
    ) as it:
        assert it.end() == 0
        assert it.end_event() == ("result", "all done")
        assert all(isinstance(event, dict) for event in it.journal())


# -- a person at a terminal -------------------------------------------------------------------


class Terminal:
    """The other end of the terminal that the toy runs in."""

    def __init__(self, it: Toy, handle: int) -> None:
        self.it, self._handle, self.text = it, handle, ""

    @property
    def handle(self) -> int:
        return self._handle

    def until(self, text: str) -> None:
        """Read until `text` is on the screen, after what was waited for before."""
        seen = ""
        while text not in seen:
            try:
                more = os.read(self._handle, 4096)
            except OSError:
                more = b""
            assert more, f"no {text!r} in {self.text + seen!r}"
            seen += more.decode(errors="replace")
        self.text += seen

    def type(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def hang_up(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1

    def end(self) -> int:
        """Read on to the end of the process."""
        while self._handle >= 0:
            try:
                more = os.read(self._handle, 4096)
            except OSError:
                break
            self.text += more.decode(errors="replace")
        return self.it.process.wait(30)


@contextmanager
def terminal(home: Path, *arguments: object) -> Iterator[Terminal]:
    ours, theirs = os.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with toy(home, *arguments, "--take-terminal", start_new_session=True, **streams) as it:
        os.close(theirs)
        found = Terminal(it, ours)
        try:
            yield found
        finally:
            found.hang_up()


def test_a_person_answers(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask") as tty:
        tty.until("[yes/no]")
        tty.type("\n")  # no answer is the default one
        tty.until("[yes/no]")
        tty.type("maybe\n")
        tty.until("[yes/no]")
        tty.type("yes\n")
        assert tty.end() == 0
        assert answer_of(tty.it) == ("yes", "keyboard")


def test_what_was_typed_before_the_question_answers_nothing(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask") as tty:
        tty.type("yes\nyes\n")
        tty.until("[yes/no]")
        tty.type("no\n")
        assert tty.end() == 3
        assert tty.it.end_event() == ("fault", "DECLINED")


def test_a_person_says_no(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask") as tty:
        tty.until("[yes/no]")
        tty.type("no\n")
        assert tty.end() == 3
        assert tty.it.end_event() == ("fault", "DECLINED")


@pytest.mark.parametrize(("typed", "code"), [(MAC, 0), ("yes", 3)])
def test_a_person_types_what_is_wanted(tmp_path: Path, typed: str, code: int) -> None:
    with terminal(tmp_path, "ask", "--expect", MAC) as tty:
        tty.until(f"type {MAC}")
        tty.type(f"{typed}\n")
        assert tty.end() == code


def echoes(tty: Terminal) -> bool:
    return bool(termios.tcgetattr(tty.handle)[3] & termios.ECHO)


def test_a_secret_is_typed_unseen_and_written_down_nowhere(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask", "--secret", "--yes") as tty:
        tty.until("not shown]")
        tty.type(" hunter 2 \n")
        assert tty.end() == 0
        assert "hunter" not in tty.text
        assert "10 characters" in tty.text
        assert answer_of(tty.it) == ("(not shown)", "keyboard")
        kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert not any(b"hunter" in text for text in kept)


def test_ctrl_c_at_a_secret_gives_the_terminal_its_echo_back(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask", "--secret") as tty:
        tty.until("not shown]")
        until(lambda: not echoes(tty), "echo off")
        tty.type("\x03")
        assert tty.it.process.wait(30) == 130
        assert echoes(tty)


def test_the_end_of_input_is_nobody(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask") as tty:
        tty.until("[yes/no]")
        tty.type("\x04")
        assert tty.end() == 3
        assert tty.it.end_event() == ("fault", "UNANSWERED")


def test_ctrl_c_at_a_question(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask") as tty:
        tty.until("[yes/no]")
        tty.type("\x03")
        assert tty.end() == 130
        assert tty.it.end_event() == ("fault", "CANCELLED")
        assert "Fatal" not in tty.text and "Traceback" not in tty.text


def test_ctrl_c_at_a_question_after_the_point(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask", "--after") as tty:
        tty.until("[yes/no]")
        tty.type("\x03")
        assert tty.end() == 1
        assert tty.it.end_event() == ("fault", "STOPPED")


def test_hang_up_at_a_question(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask") as tty:
        tty.until("[yes/no]")
        tty.hang_up()
        code = tty.end()
        # end of input and SIGHUP arrive in either order; nothing was changed in both
        assert (code, tty.it.end_event()) in [
            (130, ("fault", "CANCELLED")),
            (3, ("fault", "UNANSWERED")),
        ]


def test_hang_up_at_a_question_after_the_point_takes_the_unattended_answer(
    tmp_path: Path,
) -> None:
    with terminal(tmp_path, "ask", "--after", "--unattended", "yes") as tty:
        tty.until("[yes/no]")
        tty.hang_up()
        assert tty.end() == 0
        assert answer_of(tty.it) == ("yes", "nobody there")
        assert tty.it.end_event() == ("result", "all done")


def test_hang_up_at_a_question_after_the_point_that_needs_a_person(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask", "--after") as tty:
        tty.until("[yes/no]")
        tty.hang_up()
        assert tty.end() == 1
        assert tty.it.end_event() == ("fault", "STOPPED")


def test_hang_up_while_it_writes_lets_it_finish(tmp_path: Path) -> None:
    with terminal(tmp_path, "compute", "--after") as tty:
        tty.until("Here we are.")
        tty.hang_up()
        assert tty.end() == 0
        assert tty.it.end_event() == ("result", "all done")


def test_a_signal_at_a_question_leaves_the_prompt_thread_behind(tmp_path: Path) -> None:
    with terminal(tmp_path, "ask") as tty:
        tty.until("[yes/no]")
        tty.it.signal(signal.SIGTERM)
        assert tty.end() == 130
        assert "Fatal" not in tty.text
