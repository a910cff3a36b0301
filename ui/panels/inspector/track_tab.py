"""The track in focus: split it, switch between original and stems, restyle it."""

from __future__ import annotations

from typing import Any, Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Track
from ui.bridge import FINAL_STATES
from ui.panels.inspector.record_section import RecordSection
from ui.panels.inspector.rights_section import clear, section_head
from ui.viewmodels import words
from ui.viewmodels.lanes import ROLE_TITLES
from ui.viewmodels.workspace import Workspace
from ui.widgets.bars import ProgressBar
from ui.widgets.button import Button
from ui.widgets.fields import InlineField
from ui.widgets.label import Text, separator
from ui.widgets.segmented import Segmented
from ui.widgets.slider import Slider
from ui.widgets.surface import Surface

STEMS = ("vocals", "drums", "bass", "other")
SHOWN_STYLES = 6


class TrackTab(QWidget):
    """Stems and restyling of the song that the track in focus belongs to."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        theme = self.theme
        self._split_job: Any | None = None
        self._style_job: Any | None = None
        self._keep: set[str] = {"vocals"}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)

        self.record = RecordSection(ws)
        layout.addWidget(self.record)
        stems = QWidget()
        inside = QVBoxLayout(stems)
        inside.setContentsMargins(12, 12, 12, 14)
        inside.setSpacing(8)
        head, self._stems_note = section_head(ws, "split", "Stems")
        inside.addLayout(head)
        self.split = Button(theme, "Split into stems", icon="split", height=32)
        self.split.setToolTip("Vocals, drums, bass and other, each on its own track")
        self.split.clicked.connect(lambda: self.ask_split())
        self.how = Button(theme, icon="ellipsis", kind="plain", height=32, name="How to split", tip="How to split")
        self.how.clicked.connect(self._choose_how)
        self._split_row = QWidget()
        split_row = QHBoxLayout(self._split_row)
        split_row.setContentsMargins(0, 0, 0, 0)
        split_row.setSpacing(6)
        split_row.addWidget(self.split, 1)
        split_row.addWidget(self.how)
        inside.addWidget(self._split_row)
        self._bars: dict[str, ProgressBar] = {}
        self._progress = QWidget()
        rows = QGridLayout(self._progress)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setVerticalSpacing(5)
        rows.setColumnMinimumWidth(0, 72)
        for row, stem in enumerate(STEMS):
            rows.addWidget(_StemName(theme, stem), row, 0)
            bar = ProgressBar(theme, name=f"Progress of {stem}", token=f"stem.{stem}")
            rows.addWidget(bar, row, 1)
            self._bars[stem] = bar
        self._progress_text = Text(theme, token="text.muted", px="caption")
        self.cancel = Button(theme, "Cancel", icon="x", kind="ghost", height=22, icon_size=12)
        self.cancel.clicked.connect(self._on_cancel)
        rows.addWidget(self._progress_text, 4, 0, 1, 2)
        rows.addWidget(self.cancel, 4, 1, Qt.AlignmentFlag.AlignRight)
        inside.addWidget(self._progress)
        self.original = Segmented(theme, (("original", "Original"), ("stems", "Stems")), name="Original or stems")
        self.original.changed.connect(self._on_original)
        self.instrumental = Button(theme, "Instrumental", icon="mic", height=24, tip="Mute the vocals")
        self.instrumental.clicked.connect(self._on_instrumental)
        self._switch = QWidget()
        switch = QHBoxLayout(self._switch)
        switch.setContentsMargins(0, 0, 0, 0)
        switch.addWidget(self.original)
        switch.addStretch(1)
        switch.addWidget(self.instrumental)
        inside.addWidget(self._switch)
        layout.addWidget(stems)
        layout.addWidget(separator(theme))

        restyle = QWidget()
        inside = QVBoxLayout(restyle)
        inside.setContentsMargins(12, 12, 12, 14)
        inside.setSpacing(8)
        head, self._style_note = section_head(ws, "wand-sparkles", "Restyle")
        inside.addLayout(head)
        grid = QGridLayout()
        grid.setSpacing(6)
        self._styles_grid = grid
        self.style_buttons: dict[str, Button] = {}
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        inside.addLayout(grid)
        self.more_styles = Button(theme, "", icon="chevron-down", kind="link", height=22, name="More styles")
        self.more_styles.clicked.connect(self._fold_styles)
        inside.addWidget(self.more_styles, 0, Qt.AlignmentFlag.AlignLeft)
        form = QGridLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(6)
        form.setColumnMinimumWidth(0, 52)
        form.setColumnStretch(1, 1)
        self.intensity = Slider(
            theme,
            name="Intensity",
            minimum=0,
            maximum=1,
            default=1.0,
            step=0.05,
            show=lambda v: f"{v:.2f}",
            token="accent",
        )
        self.intensity.set_value(1.0)
        self._intensity_text = Text(theme, "1.00", fixed=True, align=Qt.AlignmentFlag.AlignRight).reserve("0.00")
        self.intensity.changed.connect(lambda value: self._intensity_text.set_text(f"{value:.2f}"))
        self.seed = InlineField(name="Seed")
        self.seed.set_value("0")
        self.seed.submitted.connect(self._on_seed)
        self.dice = Button(
            theme, icon="dices", kind="ghost", height=24, name="Another seed", tip="Another seed, another take"
        )
        self.dice.clicked.connect(self._on_dice)
        form.addWidget(Text(theme, "Intensity", token="text.muted"), 0, 0)
        form.addWidget(self.intensity, 0, 1)
        form.addWidget(self._intensity_text, 0, 2)
        form.addWidget(Text(theme, "Seed", token="text.muted"), 1, 0)
        form.addWidget(self.seed, 1, 1)
        form.addWidget(self.dice, 1, 2)
        form.addWidget(Text(theme, "Keep", token="text.muted"), 2, 0)
        keep = QHBoxLayout()
        keep.setSpacing(2)
        self.keep_buttons: dict[str, Button] = {}
        for stem in STEMS:
            chip = Button(theme, ROLE_TITLES[stem], kind="toggle", height=22, tip=f"Leave the {stem} as they are")
            chip.setChecked(stem in self._keep)
            chip.clicked.connect(lambda on, stem=stem: self._keep.add(stem) if on else self._keep.discard(stem))
            keep.addWidget(chip)
            self.keep_buttons[stem] = chip
        keep.addStretch(1)
        form.addLayout(keep, 2, 1, 1, 2)
        inside.addLayout(form)
        layout.addWidget(restyle)
        layout.addStretch(1)

        self._list_styles()
        ws.styles_changed.connect(self._list_styles)
        ws.variations_asked.connect(self.ask_variations)
        ws.intensity_asked.connect(self._on_intensity)
        ws.bridge.jobs_changed.connect(self._on_job)
        ws.bridge.project_changed.connect(self.refresh)
        ws.selection_changed.connect(self.refresh)
        self.refresh()

    # show

    def _list_styles(self) -> None:
        """A button for each style that there is."""
        opened = any(not button.isHidden() for button in list(self.style_buttons.values())[SHOWN_STYLES:])
        clear(self._styles_grid)
        self.style_buttons = {}
        for index, style in enumerate(self.ws.styles):
            button = Button(self.theme, style.name, icon="play", height=30, tip=style.description, icon_size=12)
            button.align_left(8).setAccessibleName(f"Restyle as {style.name}")
            button.clicked.connect(lambda _=False, style_id=style.id: self.ask_restyle(style_id))
            self._styles_grid.addWidget(button, index // 2, index % 2)
            button.setVisible(opened or index < SHOWN_STYLES)
            self.style_buttons[style.id] = button
        self.more_styles.setText("Fewer styles" if opened else f"{len(self.style_buttons)} styles")
        self.more_styles.setVisible(len(self.style_buttons) > SHOWN_STYLES)
        self.refresh()

    def _song(self) -> Track | None:
        return self.ws.song_track()

    def refresh(self) -> None:
        """Show what can be done with the song in focus."""
        track = self._song()
        has_sound = track is not None and bool(track.clips)
        stems = edits.children_of(self.ws.project, track.id) if track is not None else ()
        working = self._split_job is not None
        self._split_row.setVisible(not stems and not working)
        self.split.setEnabled(has_sound)
        self.how.setEnabled(has_sound)
        self._progress.setVisible(working)
        self._switch.setVisible(bool(stems) and not working)
        for button in self.style_buttons.values():
            button.setEnabled(has_sound and self._style_job is None)
        if track is not None and stems:
            self.original.set_value("original" if edits.plays_original(self.ws.project, track.id) else "stems")
            sources = self.ws.project.sources
            delivered = any(sources[c.source].delivered for t in stems for c in t.clips if c.source in sources)
            self._stems_note.set_text("from the label" if delivered else track.name)
        else:
            self._stems_note.set_text(track.name if track is not None else "")
        take = edits.shown_take(self.ws.project, track.id) if track is not None else None
        self._style_note.set_text(f"take {take}" if take else "")

    # split

    def _choose_how(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("The label's own stems, where there are any", lambda: self.ask_split())
        menu.addAction("Separate with the model", lambda: self.ask_split(prefer="model"))
        menu.popup(self.how.mapToGlobal(self.how.rect().bottomLeft()))

    def ask_split(self, *, prefer: Literal["label", "model"] = "label") -> None:
        """Split the song in focus."""
        track = self._song()
        if track is None or self._split_job is not None or edits.children_of(self.ws.project, track.id):
            return
        self._split_job = self.ws.run(
            lambda: self.ws.session.split(track.id, prefer=prefer, from_s=self.ws.position_s),
            self._split_done,
            self._split_failed,
        )
        for bar in self._bars.values():
            bar.set_fraction(0.0)
        self._progress_text.set_text("beginning …")
        self.refresh()

    def _split_done(self, _result: Any) -> None:
        self._split_job = None
        self.refresh()

    def _split_failed(self, error: Any) -> None:
        self._split_job = None
        self.refresh()
        self.ws.fail(error)

    def _on_job(self, job: Any) -> None:
        if self._split_job is not None and job.id == self._split_job.id:
            if job.state in FINAL_STATES:
                self._split_job = None
                self.refresh()
                return
            for bar in self._bars.values():
                bar.set_fraction(job.fraction)
            left = words.time_left(job.eta_s)
            provider = self.ws.session.provider_name
            place = f"on {provider}" if left and provider != "Automatic" else ""
            parts = [f"{(job.fraction or 0) * 100:.0f} %", left, place]
            self._progress_text.set_text(", ".join(part for part in parts if part))
        if self._style_job is not None and job.id == self._style_job.id and job.state in FINAL_STATES:
            self._style_job = None
            self.refresh()

    def _on_cancel(self) -> None:
        if self._split_job is not None:
            self._split_job.cancel()

    def _on_original(self, value: str) -> None:
        track = self._song()
        if track is not None:
            show = value == "original"
            self.ws.commit(
                "Play the original" if show else "Play the stems", lambda p: edits.show_original(p, track.id, show)
            )

    def _on_instrumental(self) -> None:
        track = self._song()
        vocals = [t for t in edits.children_of(self.ws.project, track.id) if t.role == "vocals"] if track else []
        if vocals:
            mute = not all(t.strip.mute for t in vocals)

            def edit(project):
                for each in vocals:
                    project = edits.set_strip(project, each.id, mute=mute)
                return project

            self.ws.commit("Instrumental" if mute else "With vocals", edit)

    # restyle

    def ask_restyle(self, style: str) -> None:
        """Restyle the song in focus; the result is the next take."""
        track = self._song()
        if track is None or not track.clips:
            self.ws.say("There is no song to restyle yet.", "Add one from the catalogue, or drop a file.", "warning")
            return
        if self._style_job is not None:
            return
        intensity, seed, keep = self.intensity.value, int(self.seed.text() or 0), tuple(sorted(self._keep))
        self._style_job = self.ws.run(
            lambda: self.ws.session.restyle(track.id, style, intensity=intensity, seed=seed, keep=keep),
            self._restyled,
            self._restyle_failed,
        )
        self.refresh()

    def ask_variations(self, style: str, count: int) -> None:
        """Make several takes of the song in focus that differ."""
        track = self._song()
        if track is None or not track.clips or self._style_job is not None or count <= 0:
            return
        keep = tuple(sorted(self._keep))
        self._style_job = self.ws.run(
            lambda: self.ws.session.variations(
                track.id,
                count,
                style_ids=(style,) if style else (),
                seed=max(int(self.seed.text() or 0), 1),
                intensity=self.intensity.value,
                keep=keep,
            ),
            self._restyled,
            self._restyle_failed,
        )
        self.refresh()

    def _restyled(self, take: Any) -> None:
        self._style_job = None
        self.ws.dock_asked.emit("variations")
        self.refresh()

    def _restyle_failed(self, error: Any) -> None:
        self._style_job = None
        self.refresh()
        self.ws.fail(error)

    def _on_intensity(self, value: float) -> None:
        self.intensity.set_value(value)
        self._intensity_text.set_text(f"{value:.2f}")

    def _fold_styles(self) -> None:
        """Show all styles, or the first few."""
        buttons = list(self.style_buttons.values())
        opened = not buttons[-1].isHidden()
        for button in buttons[SHOWN_STYLES:]:
            button.setVisible(not opened)
        self.more_styles.setText(f"{len(buttons)} styles" if opened else "Fewer styles")
        self.more_styles.set_icon("chevron-down" if opened else "chevron-up")

    def _on_seed(self, text: str) -> None:
        if text.isdigit() and int(text) < 2**31:
            self.seed.set_value(str(int(text)))
        else:
            self.ws.say("A seed is a whole number from 0 on.", "Type one, or press the dice.", "warning")

    def _on_dice(self) -> None:
        # The next seed rather than a random one: what was heard can be found again.
        self.seed.set_value(str((int(self.seed.text() or 0) + 1) % 2**31))


class _StemName(Surface):
    def __init__(self, theme, stem: str):
        super().__init__(theme, "bg.panel")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        dot = Surface(theme, f"stem.{stem}")
        dot.setFixedSize(9, 9)
        layout.addWidget(dot)
        layout.addWidget(Text(theme, ROLE_TITLES[stem]), 1)
