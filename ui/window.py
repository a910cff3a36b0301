"""The main window: lays the panels out, and carries out what they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.project import edits
from ui.actions import ACTIONS, ActionSet
from ui.actions.keymap import KeyMap
from ui.bridge import Bridge
from ui.panels.arrangement import ArrangementPanel
from ui.panels.browser import BrowserPanel
from ui.panels.dock import DockPanel
from ui.panels.files import Files
from ui.panels.first_run import FirstRunPanel
from ui.panels.inspector import InspectorPanel
from ui.panels.intake import Intake
from ui.panels.menus import NOTES, Menus
from ui.panels.messages import Messages
from ui.panels.status import StatusBar
from ui.panels.transport import TransportBar
from ui.theme import Theme
from ui.theme.style import style_sheet
from ui.viewmodels.clipboard import Clipboard
from ui.viewmodels.commands import Commands
from ui.viewmodels.voices import Voices
from ui.viewmodels.workspace import Workspace
from ui.widgets.sheet import Sheet, Toast

DOCK_PX = {"mixer": 420, "clip": 260, "notes": 372, "variations": 232, "automation": 232, "history": 232}


class MainWindow(QMainWindow):
    """The studio. Dialogues are imported when they are opened first: a start needs none of them."""

    def __init__(self, session: Any, theme: Theme):
        super().__init__()
        self.session, self.theme = session, theme
        self.setWindowTitle("Contrafact")
        self.setMinimumSize(1024, 640)
        self.setAcceptDrops(True)
        self.bridge = Bridge(session.events, self)
        self.ws = Workspace(session, theme, self.bridge, self)
        self.commands = Commands(self.ws)
        self.clipboard = Clipboard(self.ws)
        self.voices = Voices(self.ws)
        self.intake = Intake(self)
        self._sheet: Sheet | None = None

        self.transport = TransportBar(self.ws)
        self.browser = BrowserPanel(self.ws)
        self.arrangement = ArrangementPanel(self.ws)
        self.inspector = InspectorPanel(self.ws)
        self.dock = DockPanel(self.ws)
        self.first_run = FirstRunPanel(self.ws)
        self.status = StatusBar(self.ws)

        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.arrangement)
        self._splitter.addWidget(self.dock)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self.arrangement.setMinimumHeight(200)
        self.dock.setMinimumHeight(180)
        studio = QWidget()
        studio_layout = QHBoxLayout(studio)
        studio_layout.setContentsMargins(0, 0, 0, 0)
        studio_layout.setSpacing(0)
        studio_layout.addWidget(self._splitter, 1)
        studio_layout.addWidget(self.inspector)
        self._middle = QStackedWidget()
        self._middle.addWidget(self.first_run)
        self._middle.addWidget(studio)
        root = self._root = QWidget()
        root.setObjectName("root")
        rows = QVBoxLayout(root)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.transport)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.browser)
        middle.addWidget(self._middle, 1)
        rows.addLayout(middle, 1)
        rows.addWidget(self.status)
        self.setCentralWidget(root)

        self.messages = Messages(theme, root, foot_px=theme.size("status"))
        keymap = KeyMap(session.paths.config / "keys.json", ACTIONS)
        self.actions_set = ActionSet(self, self, keymap=keymap)
        self.addActions(self.actions_set.actions())
        self.menus = Menus(self, self.actions_set)
        self.files = Files(self)
        self._connect()
        self._show_middle()

    # start and end

    def start(self) -> None:
        """Begin to follow the player and ask for the catalogue."""
        self.ws.start_clock()
        self.browser.start()
        if not self.ws.project.tracks:
            self.first_run.setFocus()
        if self.session.account is None:
            self.ws.run(self.session.sign_in_demo, quiet=True)

    def shut_down(self) -> None:
        """Stop timers and listeners; the session is closed by who opened it."""
        self.ws.stop_clock()
        self.bridge.close()

    def quit(self) -> None:
        """Close, unless a dialogue has something to lose and asks first."""
        if self._sheet is None or self._sheet.may_close():
            self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if event.spontaneous() and self._sheet is not None and not self._sheet.may_close():
            event.ignore()
            return
        self.shut_down()
        super().closeEvent(event)

    def _connect(self) -> None:
        ws = self.ws
        ws.said.connect(self.messages.say)
        ws.bridge.project_changed.connect(self._show_middle)
        ws.bridge.notice.connect(lambda n: self.messages.say(n.level, n.text, n.remedy or ""))
        ws.bridge.history_changed.connect(self.actions_set.refresh)
        ws.bridge.project_changed.connect(self.actions_set.refresh)
        ws.selection_changed.connect(self.actions_set.refresh)
        self.browser.add_asked.connect(self.intake.add_recording)
        self.browser.menu_asked.connect(self.menus.main)
        self.browser.styles.edit_asked.connect(self.edit_style)
        self.browser.style_asked.connect(self.inspector.track.ask_restyle)
        self.arrangement.recording_dropped.connect(self.intake.add_recording)
        self.arrangement.files_dropped.connect(self.intake.dropped)
        self.arrangement.clip_menu_asked.connect(self.menus.lanes)
        self.arrangement.clip_opened.connect(lambda _clip: self.edit_clip())
        self.arrangement.track_menu_asked.connect(self.menus.track)
        self.arrangement.add_asked.connect(self.menus.add)
        self.first_run.demo_asked.connect(self.intake.open_demo)
        self.first_run.browse_asked.connect(self.focus_search)
        self.first_run.file_asked.connect(self.files.ask_import)
        self.first_run.project_asked.connect(lambda recent: self.open_project(recent.path))
        self.first_run.recover_asked.connect(self.ask_recover)
        self.inspector.review_asked.connect(self.review_and_export)
        self.dock.tab_changed.connect(self._size_dock)
        self.dock.editor.roll.menu_asked.connect(lambda at: self.menus.popup(at, NOTES))
        ws.notes.changed.connect(self.actions_set.refresh)
        self.dock.variations.restyle_asked.connect(self.inspector.track.ask_restyle)
        self.status.preferences_asked.connect(self.show_preferences)
        ws.preferences_asked.connect(self.show_preferences)
        self.status.account_asked.connect(self.menus.account)

    def _show_middle(self) -> None:
        started = bool(self.ws.project.tracks)
        if self._middle.currentIndex() != int(started):
            self._middle.setCurrentIndex(int(started))
            if started:
                self._size_dock(self.dock.tab)
                self.arrangement.canvas.setFocus()
            else:
                self.first_run.refresh()
        self.setWindowTitle(f"{self.ws.project.title} – Contrafact" if started else "Contrafact")

    def _size_dock(self, tab: str) -> None:
        total = sum(self._splitter.sizes()) or self.height() - 80
        if tab == "clip" and self.dock.editor.mode == "notes":
            tab = "notes"
        wanted = min(DOCK_PX[tab], max(total - 260, 180))
        self._splitter.setSizes([total - wanted, wanted])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < 1200
        theme = self.theme
        self.browser.setFixedWidth(216 if narrow else theme.size("browser"))
        self.inspector.setFixedWidth(272 if narrow else theme.size("inspector"))
        self.messages.place()

    # projects

    def open_project(self, path: Path | str) -> None:
        """Open a project; sounds that are not there are looked for."""
        self.ws.attempt(lambda: (self.session.open_project(Path(path)), self._look_for_sounds()))

    def ask_recover(self, item: Any) -> None:
        """Say what was not saved, then open it or not."""
        from ui.panels.recovery import RecoverySheet

        sheet = RecoverySheet(self.ws, self._root, item)
        sheet.recover_asked.connect(self._recover)
        sheet.discarded.connect(self.first_run.refresh)
        self._open_sheet(sheet)

    def _recover(self, item: Any) -> None:
        self.ws.attempt(lambda: (self.session.recover(item), self._look_for_sounds()))

    def _look_for_sounds(self) -> None:
        from ui.panels.missing import MissingSheet

        missing = self.session.missing_sounds()
        if missing:
            self._open_sheet(MissingSheet(self.ws, self._root, missing))

    # sheets

    def _open_sheet(self, sheet: Sheet) -> None:
        if self._sheet is not None:
            self._sheet.dismiss()
        if self._sheet is not None and not self._sheet.isHidden():
            # It asks what becomes of what it holds.
            sheet.deleteLater()
            return
        self._sheet = sheet
        sheet.closed.connect(self._sheet_closed)
        sheet.open()

    def _sheet_closed(self) -> None:
        if self.sender() is self._sheet:
            self._sheet = None

    @property
    def sheet(self) -> Sheet | None:
        """The dialogue that is open."""
        return self._sheet

    def verify_file(self, path: Path | str) -> None:
        """Say what a file is made of."""
        from ui.panels.verify import VerifySheet

        sheet = VerifySheet(self.ws, self._root, Path(path))
        sheet.another_asked.connect(self.files.ask_verify)
        self._open_sheet(sheet)

    def review_and_export(self) -> None:
        """Review, then export."""
        from ui.panels.export_review import ExportReview

        if self.ws.project.length_s <= 0:
            self.ws.say("There is nothing to export yet.", "Add a song first.", "warning")
            return
        sheet = ExportReview(self.ws, self._root)
        sheet.verify_asked.connect(self.verify_file)
        self._open_sheet(sheet)

    def show_preferences(self, page: str = "") -> None:
        """Settings, on this page."""
        from ui.panels.preferences import Preferences

        sheet = Preferences(self.ws, self._root, self.actions_set, page=page)
        sheet.theme_asked.connect(self.set_mode)
        self._open_sheet(sheet)

    def edit_style(self, style_id: str = "") -> None:
        """Make a style of one's own from another, or change it; without an id from the one that is chosen."""
        from ui.panels.style_editor import StyleEditor

        wanted = style_id or str(self.dock.variations.style_choice.currentData() or "")
        style = self.ws.attempt(lambda: self.session.style(wanted))
        if style is not None:
            sheet = StyleEditor(self.ws, self._root, style)
            sheet.hear_asked.connect(self.browser.styles.hear)
            self._open_sheet(sheet)

    def show_artist(self) -> None:
        """The artist's view."""
        from ui.panels.artist import ArtistSheet

        sheet = ArtistSheet(self.ws, self._root)
        sheet.hear_asked.connect(self._hear_as)
        self._open_sheet(sheet)

    def _hear_as(self, recording_id: str, style: str) -> None:
        """A recording in another style, in a project of its own."""
        if self._sheet is not None:
            self._sheet.dismiss()
        self.session.new_project()

        def added(track_id: str) -> None:
            self.ws.select(track=track_id)
            self.inspector.track.ask_restyle(style)

        self.ws.run(lambda: self.session.add_recording(recording_id), added)

    def show_about(self) -> None:
        """What the program is made of."""
        from ui.panels.about import AboutSheet

        self._open_sheet(AboutSheet(self.ws, self._root))

    def show_tour(self) -> None:
        """The five steps to a licensed remix, each beside its place."""
        from ui.panels.tour import Tour

        tour = Tour(self)
        tour.start()

    def show_palette(self) -> None:
        """All commands by name."""
        from ui.panels.palette import Palette

        self._open_sheet(Palette(self.ws, self._root, self.actions_set))

    def show_help(self) -> None:
        """All keys."""
        from ui.panels.help import HelpSheet

        self._open_sheet(HelpSheet(self.ws, self._root, self.actions_set))

    def set_mode(self, mode: str) -> None:
        """Switch between dark and light."""
        if mode == "system":
            light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
            mode = "light" if light else "dark"
        self.theme.set_mode("light" if mode == "light" else "dark")
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setStyleSheet(style_sheet(self.theme))
        for widget in self.findChildren(QWidget):
            widget.update()
        self.arrangement.canvas.update()
        self.dock.history.refresh()
        self.transport.refresh()

    # panels

    def focus_search(self) -> None:
        """The catalogue's search."""
        self.browser.focus_search()

    def cycle_panels(self) -> None:
        """F6: the next panel gets the keyboard."""
        panels = [self.transport.play, self.browser.search]
        if self.ws.project.tracks:
            panels += [self.arrangement.canvas, self.inspector.tabs, self.dock.tabs]
        else:
            panels += [self.first_run.demo]
        focus = QApplication.focusWidget()
        owners = [self.transport, self.browser]
        owners += [self.arrangement, self.inspector, self.dock] if self.ws.project.tracks else [self.first_run]
        here = next(
            (
                i
                for i, owner in enumerate(owners)
                if focus is not None and (owner is focus or owner.isAncestorOf(focus))
            ),
            -1,
        )
        panels[(here + 1) % len(panels)].setFocus(Qt.FocusReason.TabFocusReason)

    def play_or_stop(self) -> None:
        """Space."""
        self.ws.toggle_play()

    def escape(self) -> None:
        """Esc: give up the drag, else close the dialogue, else select nothing."""
        views = (self.arrangement, self.arrangement.canvas, self.arrangement.ruler, self.dock.editor.view)
        if any(view.cancel_drag() for view in views):
            return
        if self._sheet is not None:
            self._sheet.dismiss()
            return
        self.commands.select_none()

    # drops beside the arrangement, and keys

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        if not paths:
            return
        point = event.position().toPoint()
        over_bars = self.status.geometry().contains(point) or self.transport.geometry().contains(point)
        if over_bars:
            self.verify_file(paths[0])
        else:
            self.intake.dropped(paths)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escape()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            self.actions_set.refresh()

    # for actions

    def play_range_start(self) -> None:
        """Shift+Space: play from the start of the selection."""
        found = self.ws.clip()
        self.session.play(found[1].start_s if found is not None else self.ws.position_s)

    def draw_notes(self) -> None:
        """Draw notes by pressing, or choose them again."""
        self.dock.show_tab("clip")
        self.ws.notes.set_drawing(not self.ws.notes.drawing)

    def undo(self) -> None:
        """Take the last step back; what keys did to notes just now is one."""
        self.ws.notes.flush()
        self.ws.attempt(self.session.undo)

    def edit_clip(self) -> None:
        """Open the selected clip in the clip editor."""
        self.dock.show_tab("clip")

    def rename_track(self) -> None:
        """Type a new name for the track in focus."""
        header = self.arrangement.headers.get(self.ws.selected_track or "")
        if header is not None:
            header.rename()

    def split_stems(self) -> None:
        """Split the song in focus into stems."""
        self.inspector.show_tab("track")
        self.inspector.track.ask_split()

    def has_song(self) -> bool:
        """Whether there is a song to split."""
        track = self.ws.song_track()
        return track is not None and bool(track.clips) and not edits.children_of(self.ws.project, track.id)

    def choose_take(self, number: int | None) -> None:
        """Hear a take."""
        self.dock.variations.choose(number)

    def sign_in(self) -> None:
        """Sign in on the platform's page; the program goes on meanwhile."""
        self.ws.run(
            lambda: self.session.sign_in(lambda url: QDesktopServices.openUrl(QUrl(url))),
            lambda account: self.ws.say(f"Signed in as {account.name}.", level="ok"),
        )

    @property
    def toasts(self) -> list[Toast]:
        """Messages in sight, the oldest first."""
        return self.messages.toasts

    def sync_now(self) -> None:
        """Send what waits."""
        self.ws.run(self.session.sync_now)
