"""What leaves the Backup pane: files, the clipboard, the configuration for other panes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.fault import FaultError
from core.store.files import free
from tui.backup_own import OWN, STOCK
from tui.panes.base import BasePane
from tui.widgets.dialog import PickDialog

if TYPE_CHECKING:
    from core.tuya.compare import Comparison
    from core.tuya.outputs import Configuration
    from tui.panes.backup.book import Book
    from tui.panes.backup.tree import Node
    from tui.widgets.hex_view import HexView
    from tui.widgets.live_lines import LiveTable

FOLDER = "exports"
"""Files of this pane lie in this folder of the data folder."""
TARGETS = [
    ("flash", "the Flash pane: written with the firmware, or alone with c there"),
    ("openbk", "the OpenBK pane: sent to a plug that runs OpenBeken"),
    ("", "nobody: only keep the file"),
]


WHICH = [
    ("own", f"{OWN}: names, pins, MQTT and flags"),
    ("stock", f"one made from {STOCK}: pins; no names, no MQTT"),
]


class Taking(BasePane):
    """Keys that take something away."""

    book: Book | None = None
    other: Book | None = None
    comparison: Comparison | None = None
    plain = reveal = False
    flips: frozenset[int] = frozenset()
    by_path: dict[str, Node]

    if TYPE_CHECKING:

        @property
        def hex(self) -> HexView: ...

        @property
        def rows(self) -> LiveTable: ...

        @property
        def shelf_table(self) -> LiveTable: ...

        @property
        def front(self) -> str: ...

        @property
        def node(self) -> Node | None: ...

        def bring(self, name: str, *, focus: bool = True) -> None: ...

        def paint_page(self) -> None: ...

        def lay_paper(self) -> None: ...

        def inspect(self) -> None: ...

    # -- files and clipboard ---------------------------------------------------------------

    def do_save(self) -> None:
        found = self._taken()
        if found is None:
            return
        name, data = found
        path = self._write(name, data)
        self.wattbench.say(f"{len(data)} bytes in {path}")

    def do_copy(self) -> None:
        found = self._taken()
        if found is None:
            return
        name, data = found
        try:
            text = data.rstrip(b"\0").decode("utf-8")
            shown = text.isprintable() or name.endswith((".json", ".txt", ".toml"))
        except UnicodeDecodeError:
            shown = False
        text = text if shown else data.hex(" ").upper()
        path = self._write(name, data)
        self.app.copy_to_clipboard(text)
        self.wattbench.say(f"Copied, also to {path}")

    def _taken(self) -> tuple[str, bytes] | None:
        """What is marked, else what is shown: the name of a file for it and its bytes.

        Raises TUYA-SECRET and what `core.tuya.take` raises.
        """
        book, node = self.book, self.node
        if book is None:
            return None
        if self.front == "hex":
            return self._bytes(book)
        if node is not None and node.page == "value":
            return f"{node.name}.bin", self._value(book, node)
        if node is not None and node.page == "own" and book.own is not None:
            return "profile.toml", book.own.toml().encode()
        if node is not None and node.page in ("config", "pins"):
            return "template.json", f"{self._configuration(book).template()}\n".encode()
        self.wattbench.say("Choose a value, or mark bytes with m.")
        return None

    def _value(self, book: Book, node: Node) -> bytes:
        """The value of a row, also of an older or a protected one."""
        from core.tuya import faults
        from core.tuya.secrets import holds_secrets
        from core.tuya.take import key_bytes

        if node.entry is not None and node.entry.state == "live":
            return key_bytes(book.seen, node.name, reveal=self.reveal)
        value = b""
        if node.entry is not None:
            value = node.entry.value
        elif book.seen.protected is not None:
            value = book.seen.protected.values[node.name]
        if not self.reveal and holds_secrets(node.name, value):
            raise faults.SECRET(
                what=f"The value {node.name} holds secrets.",
                cause="Secrets are only given out when they are asked for.",
                next="Press s to show them first, if that is what you want.",
            )
        return value

    def _bytes(self, book: Book) -> tuple[str, bytes]:
        """The mark, else the place that was found last, else the byte under the cursor."""
        from core.tuya import faults

        start, end = self.hex.chosen
        paper = self.hex.paper
        if paper.is_hidden(start, end):
            raise faults.SECRET(
                what="A secret may stand in this range.",
                cause="Secrets are only given out when they are asked for.",
                next="Press s to show them first, if that is what you want.",
            )
        view = "plain" if self.plain else "raw"
        data = bytes(paper.data[start - paper.base : end - paper.base])
        return f"{view}-{start:06x}-{end - 1:06x}.bin", data

    def _write(self, name: str, data: bytes) -> Path:
        """A new file in the folder of exports, named after the dump; never over another one."""
        store = self.wattbench.host.store
        assert self.book is not None
        stem = self.book.opened.path.name.split(".")[0]
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", f"{stem}-{name}")[-120:]
        path = free(store.home / FOLDER / safe)
        store.files.folder(path.parent)
        store.files.write(path, data)
        return path

    def do_redact(self) -> None:
        from core.tuya.redact import redact

        if self.book is None:
            return
        made = redact(self.book.seen)
        path = self._write("redacted.bin", made.data)
        self.wattbench.say(f"A copy without secrets is in {path}")

    # -- the configuration -----------------------------------------------------------------

    def _configuration(self, book: Book) -> Configuration:
        from core.tuya.outputs import configuration

        return configuration(book.seen, flipped=self.flips)

    def do_hand(self) -> None:
        """Keep the configuration as a profile, and give it to another pane."""
        book = self.book
        if book is None:
            return
        if book.own is None:
            self._hand(book, self._configuration(book))
            return
        own = book.own
        if book.seen.wiring is None and not book.seen.has_mcu:
            self._hand(book, own)
            return

        def picked(which: str | None) -> None:
            if which is not None:
                self._hand(book, own if which == "own" else self._configuration(book))

        self.app.push_screen(PickDialog("Which configuration of this dump?", WHICH), picked)

    def _hand(self, book: Book, made: Configuration) -> None:
        def picked(target: str | None) -> None:
            if target is None:
                return
            try:
                path = self._profile(book, made.toml().encode())
            except FaultError as error:
                self.wattbench.say(f"{error.fault.code}: {error.fault.what}")
                return
            if not target:
                self.wattbench.say(f"The profile is in {path}")
                return
            self.wattbench.switch_mode(target)
            self.app.call_later(self._give, path)

        self.app.push_screen(PickDialog("Give the OpenBeken configuration to:", TARGETS), picked)

    def _give(self, path: Path) -> None:
        """The pane in front takes the profile."""
        from tui.panes.base import PaneScreen

        self.wattbench.say(f"The profile is in {path}")
        if isinstance(self.app.screen, PaneScreen):
            self.app.screen.pane.take_profile(path)

    def _profile(self, book: Book, text: bytes) -> Path:
        """The file of the profile; the same one again where it already says the same."""
        store = self.wattbench.host.store
        module = book.seen.wiring.module if book.seen.wiring else ""
        mac = book.seen.info.mac.hex() if book.seen.info.mac else "plug"
        name = re.sub(r"[^a-z0-9-]", "", f"{module}-{mac}".lower()).strip("-")[:60] or "plug"
        path = store.profiles_folder / f"{name}.toml"
        if not path.exists() or path.read_bytes() != text:
            path = free(path)
            store.files.folder(path.parent)
            store.files.write(path, text)
        store.settings.set("plug_profile", str(path))
        return path
