"""Menus of a mixer strip: effects to add, sends, outputs, and what else a strip can do."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QMenu, QWidget

from studio.project import edits
from studio.project.model import Track
from ui.panels.arrangement.automation_header import fill_targets
from ui.panels.input_menu import fill_inputs
from ui.viewmodels import plugins
from ui.viewmodels.routing import buses, insert_title, may_feed, outputs_for, with_send_to_new_bus
from ui.widgets.menu import check, menu_on


class StripMenus:
    """Opens menus over `host` for the strip of a track, or of the master bus."""

    def __init__(self, ws: Any, host: QWidget):
        self.ws, self._host = ws, host

    def _track(self, track_id: str) -> Track | None:
        return next((track for track in self.ws.project.tracks if track.id == track_id), None)

    def fill_effects(self, menu: QMenu, track_id: str) -> None:
        """All effects that can be added."""
        ws = self.ws
        for kind, title in plugins.own_effects():
            menu.addAction(title, lambda kind=kind: plugins.add_insert(ws, track_id, plugins.fresh_insert(kind)))
        if self._compressor_off(track_id):
            menu.addAction("Compressor", lambda: self._compressor_on(track_id))
        menu.addSeparator()
        if not plugins.installed():
            hint = menu.addAction("VST3 plug-ins need the extra contrafact[vst3]")
            hint.setEnabled(False)
            return
        found = plugins.known_plugins(ws.session)
        if found:
            below = menu.addMenu("VST3 plug-ins")
            for each in found:
                title = f"{each.name} ({each.vendor})" if each.vendor else each.name
                below.addAction(
                    title.replace("&", "&&"),
                    lambda each=each: plugins.add_insert(ws, track_id, plugins.plugin_insert(each)),
                )
        menu.addAction("Look for VST3 plug-ins", lambda: plugins.scan(ws))

    def _compressor_off(self, track_id: str) -> bool:
        return edits.strip_of(self.ws.project, track_id).compressor.ratio <= 1.0

    def _compressor_on(self, track_id: str) -> None:
        self.ws.commit("Compressor", lambda p: edits.set_compressor(p, track_id, ratio=3.0))

    def effects(self, track_id: str, at: QPointF) -> None:
        """Add an effect."""
        menu = menu_on(self._host)
        self.fill_effects(menu, track_id)
        menu.popup(at.toPoint())

    def insert(self, track_id: str, insert_id: str, at: QPointF) -> None:
        """One effect."""
        strip = edits.strip_of(self.ws.project, track_id)
        insert = next((each for each in strip.inserts if each.id == insert_id), None)
        if insert is None:
            return
        ws = self.ws
        index = strip.inserts.index(insert)
        menu = menu_on(self._host)
        check(menu, "On", not insert.bypass, lambda: self._bypass(track_id, insert_id, not insert.bypass))
        if insert.plugin is not None:
            menu.addAction("Open its window", lambda: plugins.open_window(ws, insert_id))
            if ws.plugins.badges.get(insert_id):
                menu.addAction("Start it again, as it was", lambda: plugins.revive(ws, insert_id))
        menu.addSeparator()
        up = menu.addAction("Earlier", lambda: self._move(track_id, insert_id, index - 1))
        up.setEnabled(index > 0)
        down = menu.addAction("Later", lambda: self._move(track_id, insert_id, index + 1))
        down.setEnabled(index < len(strip.inserts) - 1)
        menu.addSeparator()
        menu.addAction(
            f"Remove {insert_title(insert)}",
            lambda: ws.commit("Remove an effect", lambda p: edits.remove_insert(p, track_id, insert_id)),
        )
        menu.popup(at.toPoint())

    def _bypass(self, track_id: str, insert_id: str, bypass: bool) -> None:
        title = "Effect off" if bypass else "Effect on"
        self.ws.commit(title, lambda p: edits.set_insert(p, track_id, insert_id, bypass=bypass))

    def _move(self, track_id: str, insert_id: str, index: int) -> None:
        self.ws.commit("Move an effect", lambda p: edits.move_insert(p, track_id, insert_id, index))

    def fill_sends(self, menu: QMenu, track_id: str) -> None:
        """The buses that a track may send to."""
        ws, track = self.ws, self._track(track_id)
        if track is None:
            return
        used = {send.bus for send in track.strip.sends}
        for bus in buses(ws.project):
            if bus.id in used or bus.id == track_id or not may_feed(ws.project, track_id, bus.id):
                continue
            menu.addAction(
                bus.name.replace("&", "&&"),
                lambda bus=bus: ws.commit(
                    f"Send to {bus.name}", lambda p: edits.set_send(p, track_id, bus.id, gain_db=-12.0)
                ),
            )
        menu.addAction("New bus", lambda: ws.commit("Send to a new bus", lambda p: with_send_to_new_bus(p, track_id)))

    def send(self, track_id: str, bus_id: str, at: QPointF) -> None:
        """One send."""
        ws, track = self.ws, self._track(track_id)
        send = next((each for each in track.strip.sends if each.bus == bus_id), None) if track is not None else None
        if send is None:
            return
        menu = menu_on(self._host)
        check(
            menu,
            "Before the fader",
            send.pre,
            lambda: ws.commit("Send before the fader", lambda p: edits.set_send(p, track_id, bus_id, pre=not send.pre)),
        )
        check(
            menu,
            "Muted",
            send.mute,
            lambda: ws.commit("Mute a send", lambda p: edits.set_send(p, track_id, bus_id, mute=not send.mute)),
        )
        menu.addSeparator()
        menu.addAction(
            "Remove the send", lambda: ws.commit("Remove a send", lambda p: edits.remove_send(p, track_id, bus_id))
        )
        menu.popup(at.toPoint())

    def fill_outputs(self, menu: QMenu, track_id: str) -> None:
        """Where a track may play to."""
        ws, track = self.ws, self._track(track_id)
        if track is None:
            return
        for bus_id, title in outputs_for(ws.project, track_id):
            check(
                menu,
                title.replace("&", "&&"),
                track.strip.output == bus_id,
                lambda bus_id=bus_id, title=title: ws.commit(
                    f"Output to {title}", lambda p: edits.set_output(p, track_id, bus_id)
                ),
            )

    def output(self, track_id: str, at: QPointF) -> None:
        """Choose an output."""
        menu = menu_on(self._host)
        self.fill_outputs(menu, track_id)
        menu.popup(at.toPoint())

    def strip(self, track_id: str, at: QPointF) -> None:
        """Everything that a strip can do."""
        ws = self.ws
        strip = edits.strip_of(ws.project, track_id)
        menu = menu_on(self._host)
        self.fill_effects(menu.addMenu("Add effect"), track_id)
        track = self._track(track_id)
        if track is not None:
            self.fill_sends(menu.addMenu("Send to"), track_id)
            self.fill_outputs(menu.addMenu("Output"), track_id)
        fill_targets(
            menu.addMenu("Automate"),
            ws,
            track_id,
            lambda target: ws.show_automation(track_id, [*ws.automation.get(track_id, ()), target]),
        )
        menu.addSeparator()
        check(
            menu,
            "Polarity turned",
            strip.polarity,
            lambda: ws.commit("Polarity", lambda p: edits.set_strip(p, track_id, polarity=not strip.polarity)),
        )
        if track is not None:
            check(
                menu,
                "Safe from solo",
                strip.solo_safe,
                lambda: ws.commit("Solo safe", lambda p: edits.set_strip(p, track_id, solo_safe=not strip.solo_safe)),
            )
        if track is not None and track.kind == "audio":
            menu.addSeparator()
            if track.frozen is None:
                freeze = menu.addAction("Freeze", lambda: ws.run(lambda: ws.session.freeze(track_id)))
                freeze.setEnabled(bool(track.clips))
            else:
                menu.addAction("Unfreeze", lambda: ws.attempt(lambda: ws.session.unfreeze(track_id)))
            if track.role == "own":
                check(
                    menu,
                    "Armed for recording",
                    track_id in ws.recorder.armed,
                    lambda: ws.recorder.toggle_arm(track_id, also=True),
                )
                fill_inputs(menu.addMenu("Records from"), ws, track_id)
        menu.addSeparator()
        menu.addAction(
            "Reset the strip", lambda: ws.commit("Reset the strip", lambda p: edits.reset_strip(p, track_id))
        )
        if track is not None and track.kind == "bus":
            menu.addAction("Delete the bus", lambda: ws.commit("Delete bus", lambda p: edits.remove_track(p, track_id)))
        menu.popup(at.toPoint())
