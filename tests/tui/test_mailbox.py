"""What is merged, what is never dropped, and in which order it comes out."""

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import (
    Answered,
    Asked,
    Body,
    Event,
    Facts,
    Failed,
    Finished,
    Note,
    Phase,
    Progress,
    Question,
    Started,
    Warned,
)
from tests.tui.scenes import LONGEST
from tui.mailbox import Mailbox

KEPT: list[Body] = [
    Started("k", "t"), Phase("p", 1, 2), Note("c", "t"), Warned("c", "t"),
    Asked(Question("k", "t")), Answered("k", "a", "by"), Finished({}), Failed(LONGEST),
]  # fmt: skip


def taken(*bodies: Body) -> list[Body]:
    box = Mailbox()
    for n, body in enumerate(bodies):
        box.put(Event("j", float(n), body))
    return [event.body for event in box.take()]


def progress(phase: str, done: int) -> Progress:
    return Progress(phase, done, 100, "bytes")


def test_of_progress_the_newest_of_a_phase_is_kept() -> None:
    assert taken(*(progress("Write", n) for n in range(50))) == [progress("Write", 49)]
    assert taken(progress("a", 1), progress("b", 1), progress("a", 2)) == [
        progress("b", 1),
        progress("a", 2),
    ]


def test_of_facts_the_newest_of_a_subject_is_kept() -> None:
    link, device = Facts("link", {"n": 1}), Facts("device", {"n": 1})
    assert taken(link, device, Facts("link", {"n": 2})) == [device, Facts("link", {"n": 2})]


def test_jobs_do_not_replace_each_others_events() -> None:
    box = Mailbox()
    box.put(Event("one", 0.0, progress("Write", 1)))
    box.put(Event("two", 0.0, progress("Write", 2)))
    assert [event.job for event in box.take()] == ["one", "two"]


def test_what_was_taken_does_not_come_again() -> None:
    box = Mailbox()
    box.put(Event("j", 0.0, Note("c", "t")))
    assert len(box.take()) == 1
    assert box.take() == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*KEPT, progress("Write", 1), Facts("link", {})]), max_size=40))
def test_everything_else_comes_out_once_and_in_order(bodies: list[Body]) -> None:
    out = taken(*bodies)
    never_dropped = [body for body in bodies if not isinstance(body, Progress | Facts)]
    assert [body for body in out if not isinstance(body, Progress | Facts)] == never_dropped


def test_a_result_comes_after_the_progress_before_it() -> None:
    assert taken(progress("Write", 1), Finished({}))[-1] == Finished({})


def test_filled_from_one_thread_and_emptied_from_another_nothing_is_lost() -> None:
    box, found = Mailbox(), []

    def fill() -> None:
        for n in range(5000):
            box.put(Event("j", 0.0, Note("c", str(n))))
            box.put(Event("j", 0.0, progress("Write", n)))

    filler = threading.Thread(target=fill)
    filler.start()
    while filler.is_alive():
        found += box.take()
    filler.join()
    found += box.take()
    notes = [event.body.text for event in found if isinstance(event.body, Note)]
    assert notes == [str(n) for n in range(5000)]
    assert [e.body.done for e in found if isinstance(e.body, Progress)][-1] == 4999
