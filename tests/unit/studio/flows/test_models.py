"""Bringing one's own models through the studio: added, named with origin and papers, never in place of the shipped."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.errors import PackError
from engine.inference.adding import Papers
from engine.inference.packs import SIGNATURE_FILE, find_pack, load_pack
from engine.worker import Worker
from studio.base.signatures import SigningKey, sign_document
from studio.flows import models
from studio.flows.media import Silent
from tests.samples.packs import write_pack

FIXTURES = Path(__file__).resolve().parents[3] / "families" / "fixtures" / "packs"


@dataclass
class Services:
    """The parts of the services that models need."""

    pack_roots: tuple[Path, ...]
    inference: Any
    keys: dict[str, bytes]

    def client(self) -> Any:
        keys = self.keys

        class Client:
            def trusted_keys(self) -> dict[str, bytes]:
                return keys

        return Client()

    def pack(self, pack_id: str) -> Any:
        return find_pack(pack_id, self.pack_roots)


@pytest.fixture
def services(tmp_path: Path, worker: Worker) -> Any:
    write_pack(tmp_path / "shipped" / "separation-default", id="separation-default")
    return Services((tmp_path / "shipped", tmp_path / "data" / "models"), worker, {})


def test_a_bare_graph_is_added_with_its_papers(services: Any, tmp_path: Path) -> None:
    graph = tmp_path / "Kim Vocals.onnx"
    shutil.copyfile(FIXTURES / "uvr-mdx" / "model.onnx", graph)
    guess = models.inspect(services, [graph], Silent())
    assert guess.family == "uvr-mdx"
    guess = msgspec.structs.replace(guess, n_fft=1024, hop=256)
    made = models.add_graph(services, [graph], guess, Papers(licence="MIT", holder="Kim"), Silent())
    assert (made.id, made.origin, made.licence) == ("kim-vocals", "user-brought", "MIT")
    assert made.stems == ("vocals", "instrumental")
    statement = models.statement_of(services, services.pack("kim-vocals"))
    assert "Brought by" in statement
    assert "MIT" in statement
    assert [pack.id for pack in models.known(services)] == ["separation-default", "kim-vocals"]
    with pytest.raises(PackError) as caught:
        models.add_graph(services, [graph], guess, Papers(), Silent())
    assert caught.value.code == "model-exists"
    again = models.add_graph(services, [graph], guess, Papers(licence="CC0-1.0"), Silent(), replace=True)
    assert again.licence == "CC0-1.0"
    models.remove(services, "kim-vocals")
    assert [pack.id for pack in models.known(services)] == ["separation-default"]
    assert not list((tmp_path / "data" / "models").iterdir())


def test_a_zipped_pack_is_added(services: Any, tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "mine")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as out:
        for path in folder.iterdir():
            out.write(path, path.name)
    assert models.is_pack(tmp_path / "mine.zip")
    assert models.add_pack(services, tmp_path / "mine.zip", Silent()).origin == "user-brought"


def test_nothing_takes_the_place_of_a_shipped_model(services: Any, tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        models.add_pack(services, write_pack(tmp_path / "x", id="separation-default"), Silent(), replace=True)
    assert caught.value.code == "model-exists"
    assert not list((tmp_path / "data" / "models").iterdir())
    with pytest.raises(PackError) as refused:
        models.remove(services, "separation-default")
    assert refused.value.code == "model-shipped"


@pytest.mark.parametrize("tamper", [None, "digest", "key"])
def test_a_signature_counts_only_if_it_fits(services: Any, tmp_path: Path, tamper: str | None) -> None:
    key = SigningKey.generate()
    folder = write_pack(tmp_path / "signed")
    digest = load_pack(folder).digest
    fields = {
        "schema": models.SIGNED_SCHEMA,
        "pack": "signed",
        "version": "1.0.0",
        "digest": "0" * 64 if tamper == "digest" else digest,
    }
    (folder / SIGNATURE_FILE).write_bytes(sign_document(fields, key))
    services.keys = {} if tamper == "key" else {key.kid: key.public}
    assert load_pack(folder).digest == digest, "the signature is not part of what is signed"
    made = models.add_pack(services, folder, Silent())
    assert made.origin == ("platform" if tamper is None else "user-brought")


def test_a_missing_file_is_named(services: Any, tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        models.inspect(services, [tmp_path / "none.onnx"], Silent())
    assert caught.value.code == "model-missing"
