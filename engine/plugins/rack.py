"""All plug-ins that run now, by insert: they outlive the plans that name them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.plan import InsertPlan
from engine.plugins.catalogue import Catalogue
from engine.plugins.model import VST3, ParameterInfo, PluginError, PluginSpec, Snapshot
from engine.plugins.processor import HANG_S, LIVE_DEADLINE_S, PluginProcessor
from engine.types import Audio

OFFLINE_DEADLINE_S = 20.0
"""How long a bounce waits for a block."""

LIVE_LOAD_S = 3.0
"""How long a plan waits for a plug-in to load; one that takes longer is dry until then."""

LINGER_S = 1.0
"""How long a plug-in that no plan names any more goes on, so that undo does not start it anew."""


@dataclass
class _Slot:
    key: tuple[str, str, int]
    processor: PluginProcessor
    given: bytes
    values: dict[str, float]
    leases: set[int] = field(default_factory=set[int])
    timer: threading.Timer | None = None


class Lease:
    """A plug-in as one plan sees it (`engine.plan.heavy.HeavyProcessor`); closing it ends the plug-in only when no
    other plan holds one."""

    def __init__(self, processor: PluginProcessor, release: Callable[[], None]):
        self._processor = processor
        self._release = release

    @property
    def latency_frames(self) -> int:
        """By how much the result lags behind."""
        return self._processor.latency_frames

    @property
    def badge(self) -> str:
        """A word for the insert's slot, "" while all is well."""
        return self._processor.badge

    def notices(self) -> list[str]:
        """Sentences for the person since the last call."""
        return self._processor.notices()

    def process(self, block: Audio) -> None:
        """Run the plug-in on ``(2, frames)`` in place."""
        self._processor.process(block)

    def set_parameters(self, values: Mapping[str, float]) -> None:
        """Set normalised values by id before the next block."""
        self._processor.set_parameters(values)

    def reset(self) -> None:
        """Forget all sound."""
        self._processor.reset()

    def close(self) -> None:
        """Let go of the plug-in."""
        self._release()


class Rack:
    """Plug-ins by insert id. Calling it gives the processor of an insert, a running one where there is one.

    Args:
        live: True for play-back, where a late block is dry; False for a bounce, which waits.
        catalogue: the file of the `Catalogue`, whose block list is heeded; None heeds none.
        loader: as in `PluginSpec`.
    """

    def __init__(self, *, live: bool = True, catalogue: Path | None = None, loader: str = VST3):
        self._live = live
        self._catalogue = catalogue
        self._loader = loader
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}
        self._changed: dict[str, Snapshot] = {}
        self._count = 0

    def preload(self, inserts: Iterable[InsertPlan], rate: int) -> None:
        """Start the plug-ins of these inserts side by side, without waiting for them."""
        for insert in inserts:
            if insert.kind == "vst3" and insert.plugin is not None:
                self._slot(insert, rate)

    def __call__(self, insert: InsertPlan, rate: int) -> Lease:
        """The processor of an insert of the kind ``vst3``, loaded; or loading, and dry, in a live rack where that takes
        more than `LIVE_LOAD_S`.

        Raises:
            PluginError: as the plug-in's process says; plugin-missing for an insert that names none; plugin-blocked.
        """
        slot = self._slot(insert, rate)
        try:
            if self._live:
                if not slot.leases:
                    slot.processor.wait_or_go_on(LIVE_LOAD_S, self._known_latency(insert))
                slot.processor.accept_latency()
            else:
                slot.processor.wait_ready()
        except PluginError:
            with self._lock:
                if self._slots.get(insert.id) is slot:
                    del self._slots[insert.id]
            raise
        with self._lock:
            self._count += 1
            token = self._count
            slot.leases.add(token)
            if slot.timer is not None:
                slot.timer.cancel()
                slot.timer = None
        return Lease(slot.processor, lambda: self._release(insert.id, slot, token))

    def _known_latency(self, insert: InsertPlan) -> int:
        if self._catalogue is None or insert.plugin is None:
            return 0
        found = [p for p in Catalogue(self._catalogue).plugins if p.path == insert.plugin.path]
        return next((p.latency_frames for p in found if p.name == insert.plugin.name or not insert.plugin.name), 0)

    def _slot(self, insert: InsertPlan, rate: int) -> _Slot:
        if insert.plugin is None:
            raise PluginError("This insert names no plug-in.", remedy="Choose a plug-in for it.", code="plugin-missing")
        plugin = insert.plugin
        key = (plugin.path, plugin.name, rate)
        with self._lock:
            slot = self._slots.get(insert.id)
            if slot is not None and slot.key == key:
                self._update(slot, plugin.state, insert.parameters)
                return slot
            if slot is not None:
                self._drop(slot)
            if self._catalogue is not None:
                Catalogue(self._catalogue).check(plugin.path)
            spec = PluginSpec(
                path=plugin.path,
                name=plugin.name,
                rate=rate,
                state=plugin.state,
                values=insert.parameters,
                loader=self._loader,
            )
            slot = _Slot(key, self._started(insert.id, spec), plugin.state, dict(insert.parameters))
            self._slots[insert.id] = slot
            return slot

    def _started(self, insert_id: str, spec: PluginSpec) -> PluginProcessor:
        def changed(snapshot: Snapshot) -> None:
            with self._lock:
                self._changed[insert_id] = snapshot

        return PluginProcessor(
            spec,
            deadline_s=LIVE_DEADLINE_S if self._live else OFFLINE_DEADLINE_S,
            hang_s=HANG_S if self._live else OFFLINE_DEADLINE_S,
            on_state=changed,
        )

    def _update(self, slot: _Slot, state: bytes, values: dict[str, float]) -> None:
        # A state that came from the plug-in itself, and was kept by the project, is not given back to it.
        if state not in (slot.given, slot.processor.snapshot.state):
            slot.processor.load_state(state, values)
            slot.values = dict(values)
        elif values != slot.values:
            slot.processor.set_parameters(values)
            slot.values = dict(values)
        slot.given = state

    def _release(self, insert_id: str, slot: _Slot, token: int) -> None:
        with self._lock:
            slot.leases.discard(token)
            if not slot.leases and slot.timer is None:
                slot.timer = threading.Timer(LINGER_S, self._end, (insert_id, slot))
                slot.timer.daemon = True
                slot.timer.start()

    def _end(self, insert_id: str, slot: _Slot) -> None:
        with self._lock:
            if slot.leases:
                return
            if self._slots.get(insert_id) is slot:
                del self._slots[insert_id]
        slot.processor.close()

    def _drop(self, slot: _Slot) -> None:
        if not slot.leases:
            slot.processor.close()

    def _processor(self, insert_id: str) -> PluginProcessor:
        with self._lock:
            slot = self._slots.get(insert_id)
        if slot is None:
            raise PluginError(
                "This plug-in is not running.", remedy="Play the track once, then try again.", code="plugin-stopped"
            )
        return slot.processor

    def parameters(self, insert_id: str) -> tuple[ParameterInfo, ...]:
        """The parameters of a running plug-in with their values.

        Raises:
            PluginError: plugin-stopped.
        """
        return self._processor(insert_id).parameters()

    def state(self, insert_id: str) -> Snapshot:
        """How a running plug-in stands; asks it, and takes the last that it told if there is no answer within 1 s.

        Raises:
            PluginError: plugin-stopped.
        """
        return self._processor(insert_id).save()

    def take_states(self) -> dict[str, Snapshot]:
        """What has changed by insert id since the last call: at the latest 5 s after a change, and when an editor
        closes."""
        with self._lock:
            found, self._changed = self._changed, {}
        return found

    def revive(self, insert_id: str) -> None:
        """Start a stopped plug-in again with its state.

        Raises:
            PluginError: plugin-stopped, where no plan names it.
        """
        self._processor(insert_id).revive()

    def open_editor(self, insert_id: str) -> None:
        """Show a plug-in's own window.

        Raises:
            PluginError: plugin-stopped.
        """
        if not self._processor(insert_id).open_editor():
            raise PluginError(
                "This plug-in has stopped.", remedy="Start it again from its slot first.", code="plugin-stopped"
            )

    def close_editor(self, insert_id: str) -> None:
        """Close a plug-in's own window."""
        self._processor(insert_id).close_editor()

    def badges(self) -> dict[str, str]:
        """A word for each slot that is not well."""
        with self._lock:
            slots = dict(self._slots)
        return {name: slot.processor.badge for name, slot in slots.items() if slot.processor.badge}

    def pids(self) -> dict[str, int]:
        """Ids of the processes by insert."""
        with self._lock:
            slots = dict(self._slots)
        return {name: pid for name, slot in slots.items() if (pid := slot.processor.pid) is not None}

    def close(self) -> None:
        """End all plug-ins."""
        with self._lock:
            slots, self._slots = list(self._slots.values()), {}
        for slot in slots:
            if slot.timer is not None:
                slot.timer.cancel()
            slot.processor.close()
