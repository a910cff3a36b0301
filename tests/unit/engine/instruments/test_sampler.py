"""The sampler on a small pack made here: pitch, level, layers, round robins, chokes, loops, edges."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from engine.errors import AudioFileError, EngineError, PackError
from engine.instruments import Attribution, Instrument, InstrumentInfo, Note, Region, load, render_notes

RATE = 44100
SOURCE = Attribution(source="here", licence="CC0 1.0", text="a sine")


def tone(hz: float, seconds: float = 1.0, *, rate: int = RATE) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def write_pack(
    root: Path, name: str, regions: list[Region], files: dict[str, np.ndarray], **fields: object
) -> Instrument:
    folder = root / name
    folder.mkdir()
    for file, samples in files.items():
        soundfile.write(folder / file, samples, RATE, subtype="FLOAT")
    info = InstrumentInfo(
        schema="instrument/1",
        id=name,
        name=name,
        regions=tuple(regions),
        attributions=(SOURCE,),
        **{"kind": "melodic", **fields},
    )
    (folder / "instrument.json").write_bytes(msgspec.json.encode(info))
    return load(name, root)


def pitch_hz(x: np.ndarray) -> float:
    part = x[0, 4000:20000] * np.hanning(16000)
    spectrum = np.abs(np.fft.rfft(part, 1 << 18))
    return float(np.argmax(spectrum)) * RATE / (1 << 18)


@pytest.fixture
def sine(tmp_path: Path) -> Instrument:
    region = Region(file="a.wav", root=69.0, key_low=60, key_high=80)
    return write_pack(tmp_path, "sine", [region], {"a.wav": tone(440.0, 2.0)})


@pytest.mark.parametrize("pitch", [60, 69, 69.5, 76])
def test_notes_sound_at_their_pitch(sine: Instrument, pitch: float) -> None:
    out = render_notes(sine, [Note(0.0, 1.0, pitch, 0.8)], rate=RATE, length_frames=RATE, seed=3)
    cents = 1200 * np.log2(pitch_hz(out) / (440 * 2 ** ((pitch - 69) / 12)))
    assert abs(cents) < 4


def test_output_rate_changes_nothing_about_pitch_or_length(sine: Instrument) -> None:
    out = render_notes(sine, [Note(0.0, 0.5, 69, 0.8)], rate=48000, length_frames=48000)
    spectrum = np.abs(np.fft.rfft(out[0, 2000:20000], 1 << 18))
    assert abs(float(np.argmax(spectrum)) * 48000 / (1 << 18) - 440) < 1.5
    assert np.all(np.abs(out[:, round(0.6 * 48000) :]) < 1e-6)


def test_notes_start_where_they_are_written_and_stop_softly(sine: Instrument) -> None:
    out = render_notes(sine, [Note(0.25, 0.5, 69, 1.0)], rate=RATE, length_frames=RATE)
    start = round(0.25 * RATE)
    assert np.all(out[:, :start] == 0)
    assert np.max(np.abs(out[:, start : start + 200])) > 0.1
    end = round(0.84 * RATE)
    assert np.max(np.abs(out[:, end:])) == 0
    assert np.max(np.abs(np.diff(out[0]))) < 0.05


def test_velocity_raises_the_level_and_never_lowers_it(tmp_path: Path) -> None:
    regions = [
        Region(file="s.wav", root=69, key_low=0, key_high=127, velocity_low=0.0, velocity_high=0.5),
        Region(file="h.wav", root=69, key_low=0, key_high=127, velocity_low=0.5, velocity_high=1.0),
    ]
    piano = write_pack(tmp_path, "piano", regions, {"s.wav": tone(440), "h.wav": tone(440)})
    levels = [
        float(np.max(np.abs(render_notes(piano, [Note(0, 0.5, 69, v)], rate=RATE, length_frames=RATE))))
        for v in np.linspace(0.05, 1.0, 15)
    ]
    assert np.all(np.diff(levels) > 0)


def test_the_layer_follows_the_velocity(tmp_path: Path) -> None:
    regions = [
        Region(file="s.wav", root=69, key_low=0, key_high=127, velocity_low=0.0, velocity_high=0.5),
        Region(file="h.wav", root=69, key_low=0, key_high=127, velocity_low=0.5, velocity_high=1.0),
    ]
    pack = write_pack(tmp_path, "two", regions, {"s.wav": tone(440), "h.wav": tone(880)})
    soft = render_notes(pack, [Note(0, 0.9, 69, 0.3)], rate=RATE, length_frames=RATE)
    hard = render_notes(pack, [Note(0, 0.9, 69, 1.0)], rate=RATE, length_frames=RATE)
    assert abs(pitch_hz(soft) - 440) < 3
    assert abs(pitch_hz(hard) - 880) < 5


def test_round_robins_never_repeat(tmp_path: Path) -> None:
    hertz = (440.0, 660.0, 880.0)
    regions = [
        Region(file=f"{i}.wav", root=38, key_low=38, key_high=38, round_robin=i, one_shot=True) for i in range(3)
    ]
    files = {f"{i}.wav": tone(hz, 0.4) for i, hz in enumerate(hertz)}
    kit = write_pack(tmp_path, "kit", regions, files, kind="kit", pieces={"snare": 38})
    notes = [Note(i * 0.5, 0.1, kit.pitch_of("snare"), 0.8) for i in range(24)]
    out = render_notes(kit, notes, rate=RATE, length_frames=12 * RATE, seed=5)
    played = []
    for note in notes:
        start = round(note.start_s * RATE)
        spectrum = np.abs(np.fft.rfft(out[0, start : start + 16384]))
        played.append(int(np.argmin(np.abs(np.array(hertz) - float(np.argmax(spectrum)) * RATE / 16384))))
    assert all(a != b for a, b in itertools.pairwise(played))
    assert set(played) == {0, 1, 2}


def test_a_closed_hat_ends_the_open_one(tmp_path: Path) -> None:
    regions = [
        Region(file="o.wav", root=46, key_low=46, key_high=46, one_shot=True, choke="hat"),
        Region(file="c.wav", root=42, key_low=42, key_high=42, one_shot=True, chokes=("hat",)),
    ]
    kit = write_pack(
        tmp_path,
        "hats",
        regions,
        {"o.wav": tone(440, 1.0), "c.wav": tone(440, 0.05)},
        kind="kit",
        pieces={"o": 46, "c": 42},
    )
    alone = render_notes(kit, [Note(0, 0.1, 46, 1)], rate=RATE, length_frames=RATE)
    choked = render_notes(kit, [Note(0, 0.1, 46, 1), Note(0.3, 0.1, 42, 1)], rate=RATE, length_frames=RATE)
    late = slice(round(0.5 * RATE), round(0.9 * RATE))
    assert np.max(np.abs(alone[:, late])) > 0.3
    assert np.max(np.abs(choked[:, late])) == 0


def test_a_loop_sustains_past_the_recording(tmp_path: Path) -> None:
    x = tone(441.0, 0.6)
    region = Region(file="a.wav", root=69, key_low=0, key_high=127, loop_start=10000, loop_end=20000)
    organ = write_pack(tmp_path, "organ", [region], {"a.wav": x[:20000]})
    out = render_notes(organ, [Note(0, 3.0, 69, 1.0)], rate=RATE, length_frames=4 * RATE)
    late = out[0, round(2.5 * RATE) : round(2.9 * RATE)]
    assert np.sqrt(np.mean(late**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert np.max(np.abs(np.diff(out[0]))) < 0.05


def test_a_bend_moves_the_pitch(sine: Instrument) -> None:
    bent = render_notes(
        sine, [Note(0, 1.0, 69, 0.8, bend=((0.0, 2.0), (1.0, 2.0)))], rate=RATE, length_frames=RATE, seed=1
    )
    cents = 1200 * np.log2(pitch_hz(bent) / 440)
    assert cents == pytest.approx(200, abs=5)


def test_a_slow_sound_starts_early_so_that_it_is_heard_on_the_beat(tmp_path: Path) -> None:
    region = Region(file="a.wav", root=69, key_low=0, key_high=127, lead_s=0.05)
    pack = write_pack(tmp_path, "slow", [region], {"a.wav": tone(440)})
    out = render_notes(pack, [Note(0.5, 0.3, 69, 1)], rate=RATE, length_frames=RATE)
    first = int(np.argmax(np.abs(out[0]) > 0.05)) / RATE
    assert first == pytest.approx(0.45, abs=0.003)


def test_the_same_seed_gives_the_same_sound_and_another_one_differs(sine: Instrument) -> None:
    notes = [Note(i * 0.1, 0.2, 60 + i, 0.7) for i in range(8)]
    one = render_notes(sine, notes, rate=RATE, length_frames=RATE, seed=1)
    assert np.array_equal(one, render_notes(sine, notes, rate=RATE, length_frames=RATE, seed=1))
    assert not np.array_equal(one, render_notes(sine, notes, rate=RATE, length_frames=RATE, seed=2))


def test_notes_off_the_keyboard_and_past_the_end_are_harmless(sine: Instrument) -> None:
    out = render_notes(
        sine, [Note(0, 0.2, 30, 1), Note(5.0, 1, 69, 1), Note(0.9, 9, 69, 1)], rate=RATE, length_frames=RATE
    )
    assert out.shape == (2, RATE)
    assert out.dtype == np.float32
    assert abs(float(out[0, -1])) < 1e-3


@pytest.mark.parametrize(
    "note", [Note(0, -1, 60, 0.5), Note(0, 1, 60, 1.5), Note(float("nan"), 1, 60, 0.5), Note(0, 1, float("inf"), 0.5)]
)
def test_a_note_that_cannot_be_played_is_refused(sine: Instrument, note: Note) -> None:
    with pytest.raises(EngineError) as caught:
        render_notes(sine, [note], rate=RATE, length_frames=RATE)
    assert caught.value.code == "note-invalid"


def test_unknown_and_broken_packs_are_named(tmp_path: Path, sine: Instrument) -> None:
    with pytest.raises(PackError) as unknown:
        load("theremin", tmp_path)
    assert unknown.value.code == "instrument-unknown"
    with pytest.raises(PackError) as outside:
        load("../sine", tmp_path)
    assert outside.value.code == "instrument-unknown"
    with pytest.raises(PackError) as piece:
        sine.pitch_of("kick")
    assert piece.value.code == "piece-unknown"
    (tmp_path / "sine" / "a.wav").unlink()
    with pytest.raises(AudioFileError) as missing:
        render_notes(load("sine", tmp_path), [Note(0, 1, 69, 1)], rate=RATE, length_frames=RATE)
    assert missing.value.code == "audio-missing"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "instrument/9"},
        {"kind": "drone"},
        {"regions": []},
        {"attributions": []},
        {"pieces": {"kick": 5}},
        {"regions": 3},
    ],
)
def test_a_damaged_description_is_refused(tmp_path: Path, sine: Instrument, change: dict[str, object]) -> None:
    path = tmp_path / "sine" / "instrument.json"
    path.write_bytes(msgspec.json.encode({**msgspec.json.decode(path.read_bytes()), **change}))
    with pytest.raises(PackError) as caught:
        load("sine", tmp_path)
    assert caught.value.code == "pack-invalid"


@pytest.mark.parametrize("file", ["../a.wav", "/a.wav", "x\\..\\a.wav"])
def test_a_pack_reads_nothing_outside_itself(tmp_path: Path, sine: Instrument, file: str) -> None:
    path = tmp_path / "sine" / "instrument.json"
    content = msgspec.json.decode(path.read_bytes())
    content["regions"][0]["file"] = file
    path.write_bytes(msgspec.json.encode(content))
    with pytest.raises(PackError):
        load("sine", tmp_path)
