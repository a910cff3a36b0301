"""A project to draw and drag, as plain values."""

from __future__ import annotations

from studio.project.model import Clip, Project, Source, Step, Strip, TempoPoint, Track

LENGTH_S = 32.0


def source(name: str, role: str, **more) -> Source:
    fields = {"origin": "licensed", "asset_sha256": "ab" * 32, "blob": "0" * 64, "rate": 48_000, "channels": 2}
    return Source(id=name, title=name.capitalize(), role=role, duration_s=LENGTH_S, **{**fields, **more})


def clip(name: str, of: str, **more) -> Clip:
    return Clip(**{"id": name, "source": of, "start_s": 0.0, "length_s": LENGTH_S, **more})


def song() -> Project:
    """A split song at 120 BPM: the muted original, vocals, drums with a model's sound, and a track of one's own."""
    return Project(
        id="project",
        title="Song",
        tempo=(TempoPoint(bpm=120.0),),
        key="F# minor",
        sources={
            "mix": source("mix", "mix", tempo_bpm=120.0, key="F# minor"),
            "vocals": source("vocals", "vocals", parents=("mix",), delivered=True),
            "drums": source(
                "drums",
                "drums",
                parents=("mix",),
                steps=(Step(operation="stem:drums", at="", model_id="separation", model_version="1.0"),),
            ),
            "own": source("own", "own", origin="own", asset_sha256=None),
        },
        tracks=(
            Track(id="song", name="Song", role="mix", clips=(clip("c-mix", "mix"),), strip=Strip(mute=True)),
            Track(id="vocals", name="Vocals", role="vocals", parent="song", clips=(clip("c-vocals", "vocals"),)),
            Track(id="drums", name="Drums", role="drums", parent="song", clips=(clip("c-drums", "drums"),)),
            Track(id="mine", name="Mine", role="own", clips=(clip("c-own", "own", start_s=8.0, length_s=8.0),)),
        ),
    )
