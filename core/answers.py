"""Answers to a job's questions where no person gives them."""

from __future__ import annotations

from core import faults
from core.events import Question


class Answers:
    """Answers questions when nobody is there; hosts with people or flags extend it."""

    async def answer(self, question: Question) -> tuple[str, str]:
        """(answer, by whom).  Raises FaultError UNANSWERED."""
        if question.unattended:
            return question.unattended, "nobody there"
        way = f"Give {flag_of(question)} on the command line, if that is what you want."
        if _picks(question):
            way += " " + "; ".join(f"{c.value}: {c.text}" for c in question.choices) + "."
        raise faults.UNANSWERED(
            what=f"A question has no answer: {question.asked}",
            cause="There is no terminal to ask at.",
            next=f"Add {question.flag}." if question.secret else way,
        )


def flag_of(question: Question) -> str:
    """What to write on the command line to answer the question: the flag with each value it takes.

    `--yes` takes none, it gives the assumed answer.
    """
    if _picks(question):
        return " or ".join(f"{question.flag} {choice.value}" for choice in question.choices)
    if not question.expect:
        return question.flag
    flag = "--confirm" if question.flag == "--yes" else question.flag  # --yes types nothing
    return f"{flag} {question.expect}"


def _picks(question: Question) -> bool:
    """True when the flag of the question takes one of its choices."""
    typed = question.expect or question.secret
    return question.flag != "--yes" and bool(question.choices) and not typed
