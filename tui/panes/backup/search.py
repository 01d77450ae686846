"""Search through an open dump.

In the decrypted view text may run across the two checksum bytes after each 32 of code, so the
code is searched without them as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.hex_paper import Range

if TYPE_CHECKING:
    from tui.panes.backup.book import Book
    from tui.widgets.hex_find import Needle


def search(book: Book, needle: Needle, cursor: int, *, plain: bool, back: bool) -> Range | None:
    """The next hit behind the cursor, or before it; round the end.  None without any."""
    hit = _from(book, needle, cursor + (0 if back else 1), plain=plain, back=back)
    if hit is None:
        start = book.seen.base + len(book.seen.data) if back else book.seen.base
        hit = _from(book, needle, start, plain=plain, back=back)
    return hit


def _from(book: Book, needle: Needle, start: int, *, plain: bool, back: bool) -> Range | None:
    seen = book.seen
    data = book.plain if plain else seen.data
    find = needle.rfind if back else needle.find
    at = find(data, start - seen.base)
    hits = [Range(seen.base + at, seen.base + at + needle.size)] if at >= 0 else []
    if plain and seen.app and needle.size > 1:
        hits += _in_code(book, needle, start, back=back)
    if not hits:
        return None
    return max(hits) if back else min(hits)


def _in_code(book: Book, needle: Needle, start: int, *, back: bool) -> list[Range]:
    from core.bkimage import strides
    from core.bkimage.flashmap import APP_START

    app = book.seen.app
    first = strides.logical(max(start - APP_START, 0))
    at = needle.rfind(app, first) if back else needle.find(app, first)
    if at < 0:
        return []
    low = APP_START + strides.physical(at)
    return [Range(low, APP_START + strides.physical(at + needle.size - 1) + 1)]
