"""Stems on a playing track: a causal model as a heavy insert, run ahead of the play-head and never in the callback.

The sound passes through a transform of 46 ms; the model, which carries its memory from call to call, gives the spectra
of the stems, and what comes out is their sum with a gain for each.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError, PackError
from engine.inference.families.protocol import unsuitable
from engine.inference.families.transform import hann
from engine.inference.graphs import Graphs
from engine.inference.packs import Pack, load_pack
from engine.plan import InsertPlan
from engine.types import Audio

_log = logging.getLogger(__name__)

MUTE_DB, MAX_DB = -60.0, 12.0
"""Range of the gains; at the lower end a stem is silent."""
PARTS = 4
"""Hops in a window."""
TOP = 32
"""Bins by which the gain above the model's highest bin is told."""
PARAMETERS = ("vocals_db", "drums_db", "bass_db", "other_db")
"""Parameters of an insert of the kind ``separation``: gain of each stem in dB, `MUTE_DB` to `MAX_DB`, 0 at first."""

Floats = npt.NDArray[np.float32]


class LiveSeparation:
    """One insert (`engine.plan.heavy.HeavyProcessor`). What it gives is exactly `latency_frames` late; when the model
    fails it gives the dry sound, as late as that."""

    def __init__(self, pack: Pack, graphs: Graphs, rate: int):
        """`rate` is that of the session. At other rates than the model's the transform keeps its length in seconds, so
        that the bins keep their frequencies and nothing is converted.

        Raises:
            PackError: model-unsuitable.
        """
        if pack.stft is None or pack.audio is None or not pack.state or len(pack.inputs[0].shape) != 4:
            raise unsuitable(pack)
        if pack.stft.n_fft != PARTS * pack.stft.hop or pack.inputs[0].shape[1] != 4:
            raise unsuitable(pack)
        self._pack, self._graphs, self._call = pack, graphs, graphs.calls()[""]
        self._hop = round(pack.stft.hop * rate / pack.audio.rate)
        self._n_fft = PARTS * self._hop
        self._bins = self._n_fft // 2 + 1
        self._seen = pack.stft.bins or pack.stft.n_fft // 2 + 1
        self._scale = np.float32(pack.stft.scale * pack.stft.n_fft / self._n_fft)
        self._window = hann(self._n_fft)
        self._wanted = np.ones(len(pack.stems), np.float32)
        self._gains = self._wanted.copy()
        self._failed = ""
        self._notices: list[str] = list(graphs.notices)
        self._order = [tensor.name for tensor in pack.inputs]
        self._places = {tensor.name: index for index, tensor in enumerate(pack.outputs)}
        shapes = {tensor.name: tensor.shape for tensor in pack.inputs}
        self._fresh = {
            pair.input: np.zeros([size or 1 for size in shapes[pair.input]], np.float32) for pair in pack.state
        }
        self.reset()

    @property
    def latency_frames(self) -> int:
        """By how much the result lags behind: one window."""
        return self._n_fft

    @property
    def badge(self) -> str:
        """A word for the insert's slot, "" while all is well."""
        return self._failed

    def notices(self) -> list[str]:
        """Sentences for the person since the last call."""
        told, self._notices = self._notices, []
        return told

    def set_parameters(self, values: Mapping[str, float]) -> None:
        """Gains in dB by the names of `PARAMETERS`; others are ignored, values clamp."""
        for index, stem in enumerate(self._pack.stems):
            value = values.get(f"{stem}_db")
            if value is None or not np.isfinite(value):
                continue
            gain_db = min(max(value, MUTE_DB), MAX_DB)
            self._wanted[index] = 0.0 if gain_db <= MUTE_DB else 10.0 ** (gain_db / 20.0)

    def reset(self) -> None:
        """Forget what was heard."""
        edge = self._n_fft - self._hop
        self._pending: Floats = np.zeros((2, edge), np.float32)
        self._sum: Floats = np.zeros((2, self._n_fft), np.float32)
        # The first window reaches back before the first sample: its results begin that much earlier.
        self._skip = edge
        self._ready: Floats = np.zeros((2, self._n_fft), np.float32)
        self._dry: Floats = np.zeros((2, self._n_fft), np.float32)
        self._states = {name: value.copy() for name, value in self._fresh.items()}
        self._gains = self._wanted.copy()

    def close(self) -> None:
        """Let go of the model."""
        self._failed = self._failed or "Closed"

    def process(self, block: Audio) -> None:
        """Run on ``(2, n)`` in place, any n; never raises."""
        count = block.shape[1]
        self._dry = np.concatenate([self._dry, block], axis=1)
        if not self._failed:
            try:
                self._advance(block)
            except Exception as error:
                # Whatever goes wrong in a model, the music goes on.
                self._stop(error)
        dry, self._dry = self._dry[:, :count], self._dry[:, count:]
        if self._failed:
            block[:] = dry
            return
        block[:] = self._ready[:, :count]
        self._ready = self._ready[:, count:]

    def _stop(self, error: Exception) -> None:
        self._failed = "Stopped"
        reason = error.message if isinstance(error, EngineError) else "The model failed."
        _log.warning("live separation stopped: %s", error)
        self._notices.append(f"Live stems stopped, the track plays as it is. {reason}")

    def _advance(self, block: Audio) -> None:
        sound: Floats = np.nan_to_num(block, posinf=0.0, neginf=0.0)
        self._pending = np.concatenate([self._pending, sound], axis=1)
        times = (self._pending.shape[1] - self._n_fft) // self._hop + 1
        if times < 1:
            return
        views = np.lib.stride_tricks.sliding_window_view(self._pending, self._n_fft, axis=-1)
        frames = views[:, :: self._hop][:, :times]
        spectra = np.fft.rfft(frames * self._window, axis=-1).astype(np.complex64, copy=False)
        self._pending = self._pending[:, times * self._hop :]
        pieces = np.fft.irfft(self._weighed(spectra), n=self._n_fft, axis=-1).astype(np.float32, copy=False)
        # Four squared Hann windows add up to one and a half everywhere.
        pieces *= self._window / np.float32(1.5)
        for index in range(times):
            self._sum += pieces[:, index]
            done = self._sum[:, : self._hop].copy()
            self._sum[:, : -self._hop] = self._sum[:, self._hop :]
            self._sum[:, -self._hop :] = 0
            cut = min(self._skip, done.shape[1])
            self._skip -= cut
            self._ready = np.concatenate([self._ready, done[:, cut:]], axis=1)

    def _weighed(self, spectra: npt.NDArray[np.complex64]) -> npt.NDArray[np.complex64]:
        """The stems of spectra ``(2, times, bins)`` added up with their gains."""
        times, seen = spectra.shape[1], min(self._seen, self._bins)
        feed = np.zeros((1, 4, self._seen, times), np.float32)
        low = spectra[:, :, :seen].transpose(0, 2, 1)
        feed[0, 0::2, :seen], feed[0, 1::2, :seen] = low.real, low.imag
        feed *= self._scale
        inputs = self._states | {self._order[0]: feed}
        results = self._call([inputs[name] for name in self._order])
        if any(not np.isfinite(result).all() for result in results):
            raise PackError("It returned values that are no sound.", remedy="Use another model.", code="model-wrong")
        self._states = {pair.input: results[self._places[pair.output]] for pair in self._pack.state}
        # A fader move is spread over the hops of this call.
        steps: Floats = np.linspace(0.0, 1.0, times + 1, dtype=np.float32)[1:]
        gains = self._gains[:, None] + (self._wanted - self._gains)[:, None] * steps
        self._gains = self._wanted.copy()
        planes = np.einsum("st,sfbt->ftb", gains, results[0][0]) / self._scale
        out = np.zeros_like(spectra)
        out.real[:, :, :seen], out.imag[:, :, :seen] = planes[0::2, :, :seen], planes[1::2, :, :seen]
        if seen < self._bins:
            top = slice(seen - TOP, seen)
            had = np.abs(spectra[:, :, top]).sum(-1, keepdims=True)
            ratio = np.abs(out[:, :, top]).sum(-1, keepdims=True) / np.maximum(had, np.float32(1e-12))
            out[:, :, seen:] = spectra[:, :, seen:] * np.minimum(ratio, np.float32(10.0 ** (MAX_DB / 20.0)))
        return out


class LiveSeparations:
    """Makes the processors of all inserts of the kind ``separation``; an insert keeps its own from plan to plan."""

    def __init__(
        self,
        pack_dir: str | Path | None = None,
        *,
        provider: str = "auto",
        memory: Path | None = None,
        threads: int = 1,
    ):
        """Args:
        pack_dir: the model of inserts that name none in ``plugin.path``.
        provider: see `runtime.open_session`.
        memory: see `Graphs`.
        threads: one by default: the callback and the mixer come first.
        """
        self._folder = None if pack_dir is None else Path(pack_dir)
        self._provider, self._memory, self._threads = provider, memory, threads
        self._packs: dict[Path, Pack] = {}
        self._made: dict[tuple[str, int, Path], LiveSeparation] = {}

    def __call__(self, insert: InsertPlan, rate: int) -> LiveSeparation:
        """The processor of an insert with its parameters set; the same one as before where there was one.

        Raises:
            PackError: the pack is missing or broken, or no live model.
            InferenceError: the model does not run here.
        """
        named = insert.plugin.path if insert.plugin is not None else ""
        folder = Path(named) if named else self._folder
        if folder is None:
            raise PackError(
                "There is no model for live stems on this computer.",
                remedy="Install the program again, or split the track instead.",
                code="model-unknown",
            )
        found = self._made.get((insert.id, rate, folder))
        if found is None or found.badge:
            pack = self._packs.get(folder) or load_pack(folder)
            self._packs[folder] = pack
            graphs = Graphs(pack, self._provider, memory=self._memory, threads=self._threads)
            found = self._made[(insert.id, rate, folder)] = LiveSeparation(pack, graphs, rate)
        found.set_parameters(insert.parameters)
        return found

    def close(self) -> None:
        """Let go of all."""
        for each in self._made.values():
            each.close()
        self._made.clear()
