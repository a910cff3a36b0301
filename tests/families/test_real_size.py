"""The same comparison with the sizes of the real models and, where their packages are installed, their real networks
with random weights. Needs the train extra:

    .venv-train/bin/python -m pytest -c tests/families/pytest.ini tests/families/test_real_size.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from tests.families import build  # noqa: E402
from tests.families.compare import BOUND, deviation, engine_stems  # noqa: E402
from tests.families.signal import music  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore"),
]


def compare(case: build.Case, tmp_path: Path) -> float:
    pack = build.write(case, tmp_path)
    frames = round(case.seconds * 44100)
    return deviation(engine_stems(pack, case.stems, frames, tmp_path / "work"), build.expected(case))


NAMES = [
    "uvr-mdx",
    "uvr-mdx-denoise",
    "mdx23c",
    "bs-roformer",
    "mel-roformer",
    "open-unmix",
    "spleeter",
    "htdemucs",
    "htdemucs-core",
    "htdemucs-openvino",
    "spectral-stems",
    "spectral-masks",
    "spectral-masks-by-time",
    "spectral-masks-by-time-themselves",
]


@pytest.mark.parametrize("name", NAMES)
def test_at_the_size_of_the_real_model(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    case = next(case for case in build.cases(full=True, only=name))
    assert compare(case, tmp_path) < BOUND


def test_the_real_demucs_core(tmp_path: Path) -> None:
    """The network of the package `demucs`, its transforms taken out as the public exports do, against the package's
    own `apply_model`."""
    pytest.importorskip("demucs")
    from demucs.apply import apply_model

    from tests.families.demucs_export import core_of, small_htdemucs

    model = small_htdemucs(seed=3)
    segment = int(model.segment * model.samplerate)
    case = build.Case(
        name="htdemucs-real",
        family="htdemucs-core",
        seconds=11.0,
        stems=list(model.sources),
        networks={"": core_of(model)},
        examples=(torch.randn(1, 2, segment), torch.randn(1, 4, 2048, -(-segment // 1024))),
        names=(["mix", "spectrum"], ["spectra", "waves"]),
        stft={"n_fft": 4096, "hop": 1024},
        reference=lambda mix: mix,
    )
    pack = build.write(case, tmp_path)
    frames = round(case.seconds * 44100)
    mix = torch.from_numpy(music(frames))
    mono = mix.mean(0)
    with torch.no_grad():
        made = apply_model(model, ((mix - mono.mean()) / (mono.std() + 1e-8))[None], shifts=0, overlap=0.25)[0]
        wanted = (made * (mono.std() + 1e-8) + mono.mean()).numpy()
    got = engine_stems(pack, case.stems, frames, tmp_path / "work")
    assert deviation(got, np.asarray(wanted)) < BOUND


def test_the_real_open_unmix_separator(tmp_path: Path) -> None:
    """The package's whole separator, with its own filter bank and Wiener step without iterations."""
    pytest.importorskip("openunmix")
    case = next(case for case in build.cases(full=True, only="open-unmix"))
    package = build.openunmix_package()
    separator = package.Separator(target_models=case.networks, niter=0).eval()
    frames = round(case.seconds * 44100)
    with torch.no_grad():
        wanted = separator(torch.from_numpy(music(frames))[None])[0].numpy()
    pack = build.write(case, tmp_path)
    assert deviation(engine_stems(pack, case.stems, frames, tmp_path / "work"), wanted) < BOUND
