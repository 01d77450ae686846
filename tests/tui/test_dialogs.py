"""Questions, leaving, lists to pick from, help and palette."""

import pytest
from textual.events import Key, Paste
from textual.widgets import Input

from core.events import YES_NO, Answered, Asked, Choice, Note, Question
from tests.tui import scenes
from tests.tui.scenes import BOOT_CHECK
from tests.tui.stage import Stage
from tui.panes.base import PaneScreen
from tui.widgets.dialog import (
    SETTLE,
    TOO_SOON,
    PickDialog,
    QuestionDialog,
    QuitDialog,
    TextDialog,
    letters,
)
from tui.widgets.palette import PaletteDialog

NOTHING = ("enter", "escape", "space", "tab", "up", "down", "1", "6", "f1", "f", "x")


def test_a_key_is_the_first_letter_of_what_is_read() -> None:
    assert list(letters(YES_NO)) == ["y", "n"]
    from core.beken.tasks.gate import BOOT_CHECK, SUPPLY  # the questions that are really asked

    boot = letters(BOOT_CHECK.choices)
    assert {key: choice.value for key, choice in boot.items()} == {
        "y": "booted",
        "n": "did not boot",
        "i": "not checked",
    }
    assert len(letters(SUPPLY.choices)) == 2


@pytest.mark.parametrize("text", ["", "???", "yes", "漢字"])
def test_any_choices_have_different_keys(text: str) -> None:
    found = letters(tuple(Choice(str(n), text) for n in range(9)))
    assert len(found) == 9
    assert all(len(key) == 1 and key.isascii() for key in found)


async def asked(stage: Stage, question: Question) -> list[tuple[str, str, str]]:
    """Put a question on the screen; the answers that go to the host are in the list."""
    answers: list[tuple[str, str, str]] = []
    stage.app.host.answer = lambda *given: answers.append(given)  # type: ignore[method-assign]
    await stage.feed(*scenes.BEGUN, Asked(question))
    assert isinstance(stage.app.screen, QuestionDialog)
    return answers


async def test_nothing_but_the_letters_answers(stage: Stage) -> None:
    answers = await asked(stage, Question("gate", "Is all of this so?"))
    for key in NOTHING:
        await stage.press(key)
        assert isinstance(stage.app.screen, QuestionDialog), key
    assert answers == []
    await stage.press("y")
    assert answers == [(stage.job, "gate", "yes")]


async def test_no_is_an_answer_too(stage: Stage) -> None:
    answers = await asked(stage, Question("gate", "Is all of this so?"))
    await stage.press("n")
    assert answers == [(stage.job, "gate", "no")]


async def test_the_boot_check_offers_three_answers(stage: Stage) -> None:
    answers = await asked(stage, BOOT_CHECK)
    lines = [line.strip() for line in stage.lines]
    for row in ("y  yes, its access point is there", "n  no, nothing appears"):
        assert row in lines
    assert "i  I do not check it now" in lines
    assert "use the 3.3 V lead. Mains here kills." in " ".join(stage.text.split())
    await stage.press("enter", "escape")
    assert answers == []
    await stage.press("i")
    assert answers == [(stage.job, "boot-check", "not checked")]


async def test_an_answered_question_is_not_asked_again_by_what_came_meanwhile(stage: Stage) -> None:
    answers = await asked(stage, Question("gate", "Is all of this so?"))
    await stage.press("y")
    await stage.feed(Note("c", "late"))
    assert not isinstance(stage.app.screen, QuestionDialog)
    await stage.feed(Answered("gate", "yes", "keyboard"), Asked(Question("next", "And this?")))
    assert isinstance(stage.app.screen, QuestionDialog)
    assert "And this?" in stage.text
    assert len(answers) == 1


async def test_leaving_in_front_of_a_question_asks_and_comes_back(stage: Stage) -> None:
    answers = await asked(stage, Question("gate", "Is all of this so?"))
    stage.app.host.running = lambda: [stage]  # type: ignore[method-assign, list-item, return-value]
    await stage.press("q")
    assert isinstance(stage.app.screen, QuitDialog)
    await stage.feed(Note("c", "late"))
    assert isinstance(stage.app.screen, QuitDialog)  # nothing is put in front of it
    await stage.press("escape", "y")
    assert answers == [(stage.job, "gate", "yes")]
    del stage.app.host.running


async def test_a_question_answered_elsewhere_goes_once_leaving_is_decided(stage: Stage) -> None:
    await asked(stage, Question("gate", "Is all of this so?"))
    stage.app.host.running = lambda: [stage]  # type: ignore[method-assign, list-item, return-value]
    await stage.press("q")
    await stage.feed(Answered("gate", "no", "nobody there"))
    assert isinstance(stage.app.screen, QuitDialog)
    await stage.press("escape")
    stage.app.tick()
    await stage.settled()
    assert isinstance(stage.app.screen, PaneScreen)
    del stage.app.host.running


async def test_a_question_goes_when_the_job_ends(stage: Stage) -> None:
    await asked(stage, Question("gate", "Is all of this so?"))
    await stage.feed(*scenes.FAILED)
    assert not isinstance(stage.app.screen, QuestionDialog)


async def test_a_question_comes_in_front_of_another_pane_and_of_help(stage: Stage) -> None:
    await stage.press("6", "question_mark")
    await asked(stage, Question("gate", "Is all of this so?"))
    assert "Is all of this so?" in stage.text
    await stage.press("y", "escape")
    assert "[6 Jobs]" in stage.text


async def test_a_long_question_can_be_read_to_its_end(stage: Stage) -> None:
    text = "\n".join(f"line {n}" for n in range(60))
    await asked(stage, Question("gate", text))
    assert "line 0" in stage.text
    assert "y  yes" in stage.text
    for _ in range(8):
        await stage.press("pagedown")
    assert "line 59" in stage.text
    assert "y  yes" in stage.text


async def test_a_typed_question_takes_only_the_exact_text(stage: Stage) -> None:
    answers = await asked(stage, Question("not-whole", "Write all the same?", expect=scenes.MAC))
    assert f"Type {scenes.MAC} and Enter" in stage.text
    for typed in ("", scenes.MAC.lower(), scenes.MAC[:-1], f"{scenes.MAC}0", "y", "yes"):
        await stage.type(typed)
        await stage.press("enter", "escape")
        assert answers == [], typed
    await stage.type(scenes.MAC)
    await stage.press("enter")
    assert answers == [(stage.job, "not-whole", scenes.MAC)]


async def test_a_typed_question_can_be_declined_in_words(stage: Stage) -> None:
    answers = await asked(stage, Question("not-whole", "Write all the same?", expect=scenes.MAC))
    await stage.press("n", "o", "enter")
    assert answers == [(stage.job, "not-whole", "no")]


async def test_a_secret_is_typed_unseen_and_may_be_any_text(stage: Stage) -> None:
    answers = await asked(stage, Question("password", "Password of the Wi-Fi?", secret=True))
    await stage.press("enter", "escape")
    await stage.type("no y")
    assert "no y" not in stage.text
    assert answers == []
    await stage.press("enter")
    assert answers == [(stage.job, "password", "no y")]


async def test_a_secret_is_typed_unseen_and_nothing_is_no_answer(stage: Stage) -> None:
    answers = await asked(stage, Question("wifi", "The Wi-Fi password?", secret=True))
    await stage.press("enter", "escape")
    assert answers == []
    text = await stage.type("hunter2 no")
    assert "hunter2" not in text
    await stage.press("enter")
    assert answers == [(stage.job, "wifi", "hunter2 no")]


async def test_a_pick_list_takes_with_enter_and_leaves_with_escape(stage: Stage) -> None:
    taken: list[str | None] = []
    for keys in (("down", "enter"), ("escape",)):
        await_list = PickDialog("[b]Port[/b]", [("a", "[red]A[/red]"), ("b", "B")])
        stage.app.push_screen(await_list, taken.append)
        text = await stage.settled()
        assert "[b]Port[/b]" in text
        assert "[red]A[/red]" in text
        await stage.press(*keys)
    assert taken == ["b", None]


@pytest.mark.parametrize(("key", "answer"), [("k", "keep"), ("s", "stop"), ("escape", None)])
async def test_leaving_has_three_answers(stage: Stage, key: str, answer: str | None) -> None:
    taken: list[str | None] = []
    stage.app.push_screen(QuitDialog(), taken.append)
    await stage.press("enter", "y", "n", "q")
    assert taken == []
    await stage.press(key)
    assert taken == [answer]


async def test_a_page_of_text_is_text(stage: Stage) -> None:
    stage.app.push_screen(TextDialog("[i]T[/i]", "first [bold]x[/bold]\n\n" + "word " * 300))
    text = await stage.settled()
    assert "[i]T[/i]" in text
    assert "first [bold]x[/bold]" in text
    await stage.press("escape")
    assert not isinstance(stage.app.screen, TextDialog)


@pytest.mark.parametrize("opens", ["colon", "ctrl+p"])
async def test_the_palette_finds_and_runs_an_action(stage: Stage, opens: str) -> None:
    await stage.press(opens)
    assert isinstance(stage.app.screen, PaletteDialog)
    text = await stage.press("j", "o", "b", "s")
    assert "Jobs" in text
    assert "Identify" not in text
    assert "[6 Jobs]" in await stage.press("enter")


async def test_the_palette_moves_with_the_arrows_and_leaves_with_escape(stage: Stage) -> None:
    await stage.press("colon", "down", "up", "up", "q", "x", "x", "enter")
    assert isinstance(stage.app.screen, PaletteDialog)  # nothing is called so
    await stage.press("escape")
    assert not isinstance(stage.app.screen, PaletteDialog)


async def waiting(stage: Stage) -> tuple[float, list[tuple[str, str, str]]]:
    """A question for which keys typed ahead are none; when it was painted, and its answers."""
    stage.app.settle = SETTLE
    answers = await asked(stage, Question("gate", "Is all of this so?"))
    for _ in range(100):
        await stage.settled()
        dialog = stage.app.screen
        assert isinstance(dialog, QuestionDialog)
        if dialog._quiet_since is not None:
            return dialog._quiet_since, answers
    raise AssertionError("the question was never painted")


async def keys_at(stage: Stage, *keys: tuple[str, float]) -> str:
    """Keys that arrive at these times."""
    for key, at in keys:
        event = Key(key, key if len(key) == 1 else None)
        event.time = at
        stage.app.post_message(event)
    for _ in range(1000):
        text = await stage.settled()
        if not stage.app._busy and not stage.app._held:
            return text
    raise AssertionError("a key never had its turn")


async def test_keys_typed_ahead_answer_nothing_and_it_is_said(stage: Stage) -> None:
    painted, answers = await waiting(stage)
    text = await keys_at(stage, *[("y", painted - 0.1)] * 300)
    assert answers == []
    assert TOO_SOON in text
    await keys_at(stage, ("y", painted + SETTLE))
    assert answers == [(stage.job, "gate", "yes")]


async def test_a_held_key_answers_nothing_however_long_it_is_held(stage: Stage) -> None:
    painted, answers = await waiting(stage)
    held = [("y", painted + SETTLE - 0.01 + n / 30) for n in range(90)]
    assert TOO_SOON in await keys_at(stage, *held)
    assert answers == []
    await keys_at(stage, ("y", held[-1][1] + SETTLE + 0.01))
    assert len(answers) == 1


async def test_once_it_was_quiet_the_keys_may_come_fast(stage: Stage) -> None:
    painted, answers = await waiting(stage)
    text = await keys_at(stage, ("pagedown", painted + 1), ("y", painted + 1.01))
    assert TOO_SOON not in text
    assert len(answers) == 1


async def test_a_key_from_before_the_paint_never_counts(stage: Stage) -> None:
    stage.app.settle = SETTLE
    answers = await asked(stage, Question("gate", "Is all of this so?"))
    dialog = stage.app.screen
    assert isinstance(dialog, QuestionDialog)
    dialog._quiet_since = None
    late = Key("y", "y")
    late.time += 60
    assert dialog.too_soon(late, SETTLE)
    assert answers == []


async def test_a_secret_typed_ahead_is_no_secret(stage: Stage) -> None:
    stage.app.settle = SETTLE
    answers = await asked(stage, Question("password", "Password?", secret=True))
    await keys_at(stage, ("n", 0.0), ("o", 0.0), ("enter", 0.0))
    paste = Paste("abc")
    paste.time = 0.0
    stage.app.post_message(paste)
    await keys_at(stage, ("enter", 0.0))
    assert answers == []
    assert stage.app.screen.query_one(Input).value == ""


async def test_what_is_said_in_place_of_the_hint_gives_it_back(stage: Stage) -> None:
    painted, _answers = await waiting(stage)
    before = stage.text
    await keys_at(stage, ("y", painted), ("n", painted))
    dialog = stage.app.screen
    assert isinstance(dialog, QuestionDialog)
    dialog._unsay()
    assert await stage.settled() == before


async def test_ctrl_c_is_never_too_soon(stage: Stage) -> None:
    await waiting(stage)
    dialog = stage.app.screen
    assert isinstance(dialog, QuestionDialog)
    assert not dialog.too_soon(Key("ctrl+c", None), 60.0)
    assert dialog.too_soon(Key("c", "c"), 60.0)
