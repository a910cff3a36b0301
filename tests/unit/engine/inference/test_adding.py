"""Models that people bring: packs made around bare graphs, archives unpacked with care."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.errors import EngineError, PackError
from engine.inference import adding
from engine.inference.adding import Papers, make_task, unpack_task
from engine.inference.packs import load_pack, verify_pack
from engine.inference.recognise import recognise
from tests.families.compare import BOUND, deviation, engine_stems
from tests.samples.packs import write_pack

FIXTURES = Path(__file__).resolve().parents[3] / "families" / "fixtures"


def quiet(fraction: float, note: str) -> None:
    """Nobody watches."""


def made(folder: Path, name: str, **changes: object) -> Path:
    """A pack made around the bare graph of a fixture."""
    graph = folder / "bare.onnx"
    shutil.copyfile(FIXTURES / "packs" / name / "model.onnx", graph)
    guess = msgspec.structs.replace(recognise([graph]), **changes)
    make_task(
        paths=[str(graph)],
        out_dir=str(folder / "pack"),
        id="mine",
        title="Mine",
        guess=guess,
        papers=Papers(licence="MIT", holder="Somebody"),
        progress=quiet,
        cancelled=lambda: False,
    )
    return folder / "pack"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("uvr-mdx", {"n_fft": 1024, "hop": 256, "compensate": 1.035}),
        ("htdemucs", {}),
        ("htdemucs-core", {"n_fft": 512, "hop": 128}),
        ("mdx23c", {"n_fft": 1024, "hop": 256}),
        ("bs-roformer", {"hop": 32}),
    ],
)
def test_a_bare_graph_becomes_a_pack_that_runs_as_its_family_does(
    tmp_path: Path, name: str, changes: dict[str, object]
) -> None:
    stored = np.load(FIXTURES / f"{name}.npz")
    pack = load_pack(made(tmp_path, name, **changes))
    assert pack.selftest is not None
    assert pack.rights.weights == "MIT"
    assert all(check.passed for check in verify_pack(Path(pack.folder)))
    got = engine_stems(Path(pack.folder), list(pack.stems), int(stored["frames"]), tmp_path / "work")
    wanted = stored["stems"]
    if pack.post is not None and pack.post.sum_to_mix:
        # The residual is shared out: what is left of it must be the mixture.
        from tests.families.signal import music

        assert np.abs(got.sum(0, dtype=np.float64) - music(int(stored["frames"]))).max() < 1e-6
    else:
        assert deviation(got[:, :, stored["at"]], wanted) < BOUND


def test_numbers_that_do_not_fit_are_named_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        made(tmp_path, "uvr-mdx", n_fft=256, hop=64)
    assert caught.value.code == "model-unsuitable"
    assert not (tmp_path / "pack").exists()


def archive(path: Path, files: dict[str, bytes], *, link: str | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
        if link is not None:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            out.writestr(entry, "/etc/passwd")
    return path


def whole(folder: Path, prefix: str = "") -> dict[str, bytes]:
    pack = write_pack(folder / "shares")
    return {prefix + path.name: path.read_bytes() for path in sorted(pack.iterdir())}


def unpack(path: Path, out: Path) -> str:
    return unpack_task(path=str(path), out_dir=str(out), progress=quiet, cancelled=lambda: False)


@pytest.mark.parametrize("prefix", ["", "shares-1.0/"])
def test_a_zipped_pack_is_unpacked_with_or_without_its_folder(tmp_path: Path, prefix: str) -> None:
    path = archive(tmp_path / "pack.zip", whole(tmp_path, prefix))
    assert unpack(path, tmp_path / "out") == "shares"
    assert all(check.passed for check in verify_pack(tmp_path / "out"))


def test_a_folder_is_copied(tmp_path: Path) -> None:
    assert unpack(write_pack(tmp_path / "shares"), tmp_path / "out") == "shares"


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "a/../../evil", "C:evil", "..\\evil", "a//b", "CON", "nul.txt", "MODEL.ONNX", "evil. "],
)
def test_names_that_leave_the_pack_are_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "pack.zip", whole(tmp_path) | {name: b"x"})
    with pytest.raises(PackError) as caught:
        unpack(path, tmp_path / "out")
    assert caught.value.code == "pack-refused"
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "evil").exists()


def test_links_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "pack.zip", whole(tmp_path), link="weights.bin")
    with pytest.raises(PackError) as caught:
        unpack(path, tmp_path / "out")
    assert caught.value.code == "pack-refused"


def test_bombs_are_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    path = archive(tmp_path / "pack.zip", whole(tmp_path) | {"zeros.bin": b"\0" * 60_000_000})
    with pytest.raises(PackError, match="absurd size"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "pack.zip", {f"f{i}": b"x" for i in range(adding.MAX_ENTRIES + 1)})
    with pytest.raises(PackError, match="more files"):
        unpack(path, tmp_path / "out")


def test_a_file_that_lies_about_its_length_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "pack.zip", whole(tmp_path) | {"notes.bin": bytes(range(256)) * 8})
    raw = path.read_bytes()
    size = (2048).to_bytes(4, "little")
    assert size in raw
    path.write_bytes(raw.replace(size, (16).to_bytes(4, "little")))
    with pytest.raises(PackError) as caught:
        unpack(path, tmp_path / "out")
    assert caught.value.code in ("pack-refused", "pack-invalid")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("cut", [0.2, 0.9])
def test_a_cut_archive_is_named(tmp_path: Path, cut: float) -> None:
    path = archive(tmp_path / "pack.zip", whole(tmp_path))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * cut)])
    with pytest.raises(EngineError) as caught:
        unpack(path, tmp_path / "out")
    assert caught.value.code == "pack-invalid"


@pytest.mark.parametrize(("text", "wanted"), [("Kim Vocal 2", "kim-vocal-2"), ("UVR_MDXNET_KARA", "uvr-mdxnet-kara")])
def test_ids_are_made_from_titles(text: str, wanted: str) -> None:
    assert adding.slug(text) == wanted
    assert adding.slug("歌") != adding.slug("声")
