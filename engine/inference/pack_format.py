"""The shape of ``pack.json``: closed, so that a field nobody knows is refused and not ignored.

``resources/schemas/pack.schema.json`` is made from these types (`schema`), for people and tools outside.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Kind = Literal["separation", "production", "arrangement", "timbre"]
FamilyName = Literal[
    "spectral-stems",
    "spectral-masks",
    "uvr-mdx",
    "mdx23c",
    "htdemucs",
    "htdemucs-core",
    "htdemucs-openvino",
    "roformer",
    "open-unmix",
    "spleeter",
]
"""How a graph wants its sound and what it gives back; `engine.inference.families` has one module for each."""
StemName = Literal[
    "vocals",
    "drums",
    "bass",
    "other",
    "guitar",
    "piano",
    "instrumental",
    "lead",
    "backing",
    "crowd",
    "reverb",
    "noise",
    "dry",
]
ProviderName = Literal["cpu", "cuda", "tensorrt"]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
Version = Annotated[str, Meta(pattern=r"^\d+\.\d+\.\d+$")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
FilePath = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=4000)]
Line = Annotated[str, Meta(min_length=1, max_length=400)]


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file of the pack. Every file but ``pack.json`` itself must be listed."""

    path: FilePath
    role: Literal["graph", "weights", "card", "log", "checkpoint", "selftest", "licence", "data"]
    sha256: Digest
    bytes: Annotated[int, Meta(ge=0, le=4 * 1024**3)]
    precision: Literal["float32", "float16", "bfloat16", "int8"] | None = None


class AudioFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What sound the graph is made for."""

    rate: Annotated[int, Meta(ge=8000, le=192_000)]
    channels: Annotated[int, Meta(ge=1, le=2)]
    normalisation: Literal["none", "track-rms", "track-mono-zscore"] = "none"


class Stft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Transform outside of the graph; the scale is a factor on the spectrum."""

    n_fft: Annotated[int, Meta(ge=64, le=65_536)]
    hop: Annotated[int, Meta(ge=16, le=65_536)]
    window: Literal["hann"] = "hann"
    scale: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    bins: Annotated[int, Meta(ge=1, le=32_769)] | None = None
    """How many of the lowest bins the graph takes; all where absent."""


class Tensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An input or output of the graph; null stands for a dynamic axis."""

    name: Line
    content: Line
    shape: Annotated[tuple[Annotated[int, Meta(ge=1, le=2**29)] | None, ...], Meta(max_length=8)]


class Chunk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long a passage the graph is given at once, and how passages are joined: in hops of the transform (our own
    families) or in samples (all others)."""

    hops: Annotated[int, Meta(ge=4, le=1_000_000)] | None = None
    overlap_hops: Annotated[int, Meta(ge=0, le=100_000)] = 0
    samples: Annotated[int, Meta(ge=256, le=2**28)] | None = None
    overlap: Annotated[float, Meta(ge=0, le=0.95)] | None = None
    """Part of a passage that the next one sees too; absent, the family's usual one."""
    trim: Annotated[int, Meta(ge=0, le=2**20)] | None = None
    """Samples at both ends of a passage that are not used; absent, the family's usual number."""
    window: Literal["linear", "hann", "triangle"] = "linear"
    edge: Literal["zero", "reflect"] = "zero"
    """What the passages see before and behind the track."""


class Mask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How what a ``spectral-masks`` graph gives becomes masks: by a softmax over the stems, or ``none`` where it gives
    the masks themselves. The mean of the `top` highest bins is carried upward over the bins that the graph does not
    see."""

    activation: Literal["softmax", "none"] = "softmax"
    top: Annotated[int, Meta(ge=1, le=4096)] = 48


class Post(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is done with the stems: the residual makes their sum the mixture."""

    sum_to_mix: bool = True
    residual: Literal["proportional"] = "proportional"
    compensate: Annotated[float, Meta(gt=0, le=4)] = 1.0
    """The complement of a one-stem graph is the mixture less the stem times this."""
    complement: StemName | None = None
    mask: Mask | None = None
    denoise: bool = False
    """Run a ``uvr-mdx`` graph on the inverted passage too and keep what agrees; twice the work."""


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Files that these settings fit: SHA-256 of the file, or MD5 of its last 10,240,000 bytes (UVR's key)."""

    sha256: tuple[Digest, ...] = ()
    md5_tail: tuple[Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")], ...] = ()


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A memory of the graph: what leaves by `output` enters by `input` at the next call, zeros at the first."""

    input: Line
    output: Line


class ProviderOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The few settings of a provider that a pack may choose; a pack must not be able to make one write files."""

    conv_search: Literal["HEURISTIC", "DEFAULT", "EXHAUSTIVE"] | None = None
    memory_limit_mb: Annotated[int, Meta(ge=64, le=1_000_000)] | None = None
    tf32: bool | None = None


class Runtime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the graph needs."""

    opset: Annotated[int, Meta(ge=7, le=25)]
    fp16: bool = False
    memory_mb: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """What a passage takes at most while it is made; where a pack says so, more than two are made at a time."""
    latency_frames: Annotated[int, Meta(ge=0)] | None = None
    providers: tuple[ProviderName, ...] = ("cpu", "cuda", "tensorrt")
    options: dict[ProviderName, ProviderOptions] = msgspec.field(default_factory=dict[ProviderName, "ProviderOptions"])
    """Settings for one provider."""


class TrainingSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One source of training material."""

    name: Line
    licence: Line
    attribution: Text
    source: Line | None = None
    commit: Line | None = None
    files: Annotated[int, Meta(ge=0)] | None = None
    digest: Digest | None = None


class Rights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Papers of the model: what it was made of and what may be done with it."""

    code: Line
    weights: Line
    holder: Line
    redistribute: bool
    commercial: bool
    training_statement: Text
    training_data: tuple[TrainingSource, ...] = ()
    voice_consent: Text | None = None


class SelfTestTensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A stored array: raw little-endian float32 in the member file, C order."""

    name: Line
    member: FilePath
    shape: Annotated[tuple[Annotated[int, Meta(ge=1, le=2**29)], ...], Meta(max_length=8)]


class SelfTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Known inputs and outputs of the graph, and how far a provider may be off (relative to the largest output)."""

    inputs: Annotated[tuple[SelfTestTensor, ...], Meta(min_length=1)]
    outputs: Annotated[tuple[SelfTestTensor, ...], Meta(min_length=1)]
    tolerance: Annotated[float, Meta(gt=0, le=0.1)]


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A figure with the bounds that belong beside it, in `unit`."""

    name: Line
    value: float
    unit: Line = "dB"
    clip: str | None = None
    stem: str | None = None
    mixture: float | None = None
    baseline: float | None = None
    ideal: float | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``pack.json``."""

    format: Literal[1]
    id: Name
    version: Version
    kind: Kind
    title: Line
    description: Text = ""
    graph: FilePath
    members: Annotated[tuple[Member, ...], Meta(min_length=1, max_length=64)]
    inputs: Annotated[tuple[Tensor, ...], Meta(min_length=1, max_length=16)]
    outputs: Annotated[tuple[Tensor, ...], Meta(min_length=1, max_length=16)]
    runtime: Runtime
    rights: Rights
    selftest: SelfTest | None = None
    metrics: tuple[Metric, ...] = ()
    audio: AudioFormat | None = None
    stft: Stft | None = None
    chunk: Chunk | None = None
    post: Post | None = None
    family: FamilyName = "spectral-stems"
    stems: Annotated[tuple[StemName, ...], Meta(max_length=8)] = ()
    stem_graphs: Annotated[dict[StemName, FilePath], Meta(max_length=8)] = msgspec.field(
        default_factory=dict[StemName, str]
    )
    """Where each stem has a graph of its own; all take and give the same as the first one, which is `graph`."""
    state: Annotated[tuple[State, ...], Meta(max_length=16)] = ()
    match: Match | None = None
    production: dict[str, Any] | None = None
    arrangement: dict[str, Any] | None = None
    timbre: dict[str, Any] | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema of ``pack.json``."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Manifest)))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Contrafact model pack",
        **made,
    }
