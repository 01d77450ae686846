"""The view model: what the screens know after each event."""

from core.events import (
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
from tests.tui.scenes import LONGEST, MAC
from tui.model import LOG_LINES, JobView, Model


def after(*bodies: Body, model: Model | None = None, job: str = "j") -> JobView:
    model = model or Model()
    model.apply([Event(job, float(t), body) for t, body in enumerate(bodies)])
    return model.jobs[job]


BEGUN = (Started("plug-flash", "Flash"), Phase("Link", 1, 3))


def test_a_step_ends_when_the_next_one_begins() -> None:
    job = after(*BEGUN, Phase("Write", 2, 3), Note("c", "t"))
    assert [(s.name, s.began, s.ended, s.failed) for s in job.steps] == [
        ("Link", 1.0, 2.0, False),
        ("Write", 2.0, None, False),
    ]


def test_the_last_step_fails_with_the_job_and_only_it() -> None:
    job = after(*BEGUN, Phase("Write", 2, 3), Failed(LONGEST))
    assert [step.failed for step in job.steps] == [False, True]
    assert not job.running
    assert job.said == "LINK-SILENT"


def test_the_words_for_each_state() -> None:
    assert after(Started("k", "t")).said == "starts"
    assert after(*BEGUN).said == "1/3 Link"
    moving = Progress("Link", 37, 100, "bytes", 82 * 1024.0, 16.0)
    assert after(*BEGUN, moving).said == "1/3 Link 37 %  82 KiB/s  0:16 left"
    assert after(*BEGUN, moving, Phase("Write", 2, 3)).said == "2/3 Write"
    assert after(*BEGUN, Asked(Question("k", "t"))).said == "waits for an answer"
    assert after(*BEGUN, Finished({"summary": "written"})).said == "written"
    assert after(*BEGUN, Finished({})).said == "done"


def test_cells_outlive_progress_without_any() -> None:
    job = after(*BEGUN, Progress("a", 1, 2, "bytes", cells="RR"), Progress("b", 1, 2, "bytes"))
    assert job.cells == "RR"


def test_the_end_closes_an_open_question() -> None:
    asked = Asked(Question("k", "t"))
    assert after(*BEGUN, asked).question is not None
    assert after(*BEGUN, asked, Failed(LONGEST)).question is None
    assert after(*BEGUN, asked, Finished({})).question is None


def test_the_log_marks_warnings_and_has_an_end() -> None:
    job = after(*BEGUN, *(Note("c", str(n)) for n in range(LOG_LINES)), Warned("c", "careful"))
    assert len(job.log) == LOG_LINES
    assert job.log[-1][1] == "! careful"


def test_the_mac_comes_from_the_device() -> None:
    assert after(*BEGUN).mac == ""
    assert after(*BEGUN, Facts("device", {"mac": None})).mac == ""
    assert after(*BEGUN, Facts("device", {"mac": MAC})).mac == MAC


def test_the_running_job_comes_before_a_newer_one_that_ended() -> None:
    model = Model()
    assert model.current is None
    after(Started("plug-flash", "one"), model=model, job="one")
    after(Started("plug-info", "two"), Finished({}), model=model, job="two")
    assert model.current is model.jobs["one"]
    after(Finished({}), model=model, job="one")
    assert model.current is model.jobs["two"]
    assert model.latest("plug-f") is model.jobs["one"]
    assert model.latest("meter-") is None


def test_an_event_of_an_unknown_job_makes_one() -> None:
    assert after(Note("c", "t")).said == "starts"
