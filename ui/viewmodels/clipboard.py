"""Copy, cut and paste of clips by the system's clipboard, within a project and from one to another."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from studio.project import edits
from studio.project.model import Project
from ui.viewmodels.drags import without_mirrored
from ui.viewmodels.workspace import Workspace

CLIPS_MIME = "application/x-contrafact-clips"


class Clipboard:
    """The clips on the clipboard carry their sounds and licences along."""

    def __init__(self, ws: Workspace):
        self.ws = ws

    @property
    def holds_clips(self) -> bool:
        """Whether there is something to paste."""
        data = QGuiApplication.clipboard().mimeData()
        return data is not None and data.hasFormat(CLIPS_MIME)

    def copy(self) -> bool:
        """Put the selected clips on the clipboard; False where nothing is selected."""
        ids = [clip.id for _, clip in self.ws.chosen()]
        if not ids:
            return False
        data = self.ws.attempt(lambda: edits.copy_clips(self.ws.project, ids))
        if data is None:
            return False
        mime = QMimeData()
        mime.setData(CLIPS_MIME, data)
        QGuiApplication.clipboard().setMimeData(mime)
        return True

    def cut(self) -> None:
        """Put the selected clips on the clipboard and take them away."""
        if self.copy():
            chosen = without_mirrored(self.ws.project, self.ws.selected_clips)
            self.ws.commit("Cut", lambda project: edits.delete_clips(project, chosen))

    def paste(self) -> None:
        """Put the clips of the clipboard at the play-head, on the track in focus."""
        mime = QGuiApplication.clipboard().mimeData()
        if mime is None or not mime.hasFormat(CLIPS_MIME):
            self.ws.say("There is nothing to paste.", "Select clips and copy them first.", "warning")
            return
        data = bytes(mime.data(CLIPS_MIME).data())
        at_s, track = self.ws.position_s, self.ws.track()
        track_id = track.id if track is not None and track.kind == "audio" else None
        before = {clip.id for track in self.ws.project.tracks for clip in track.clips}

        def run(project: Project) -> Project:
            return edits.paste_clips(project, data, at_s, track_id)

        if self.ws.commit("Paste", run):
            new = [c.id for t in self.ws.project.tracks for c in t.clips if c.id not in before]
            self.ws.select(track=track_id, clips=new)
