"""One or two dumps as the paper of a hex view."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.widgets.hex_paper import Paper, Range

if TYPE_CHECKING:
    from tui.panes.backup.book import Book


def pair(book: Book, other: Book | None, *, plain: bool, reveal: bool) -> Paper:
    """The paper of `book`, with `other` beside it; what either hides is covered in both."""
    paper = book.paper(plain=plain, reveal=reveal)
    if other is None:
        return paper
    beside = other.paper(plain=plain, reveal=reveal)
    hidden = merged([*paper.hidden, *beside.hidden])
    return replace(paper, other=beside.data, other_base=beside.base, hidden=hidden)


def merged(ranges: list[Range]) -> tuple[Range, ...]:
    """The same addresses as sorted ranges that do not touch."""
    found: list[Range] = []
    for part in sorted(ranges):
        if found and part.start <= found[-1].end:
            found[-1] = Range(found[-1].start, max(found[-1].end, part.end))
        else:
            found.append(part)
    return tuple(found)
