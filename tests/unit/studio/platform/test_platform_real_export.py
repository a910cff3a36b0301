"""A file that is really signed, handed in over HTTP to a service that really reads it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from studio.base.errors import PlatformError
from studio.base.ids import uuid7
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.flows.verify import export_facts
from studio.platform.client import PlatformClient
from studio.platform.messages import ExportRequest
from studio.provenance import manifest, signing
from studio.provenance.identity import DeviceIdentity
from studio.provenance.inputs import ExportFacts, licensed_source
from studio.rights.grants import parse_signed
from studio.rights.shares import audible_share, source_of
from studio.rights.usage import ExportUse, SourceUse, Usage
from studio.sync.outbox import Outbox
from studio.sync.worker import SyncWorker
from tests.samples.platform import PASSWORD, serve
from tests.samples.provenance import bent

RATE = 48_000


def test_a_signed_file_is_received_once_and_a_changed_one_is_not(tmp_path: Path):
    served = serve(tmp_path, verify_export=export_facts)
    paths = AppPaths.open(tmp_path / "home")
    keys = KeyStore(paths)
    identity = DeviceIdentity(paths, keys)
    client = PlatformClient(served.server.base_url, keys, device_id=lambda: identity.device_id)
    try:
        ada = served.account("ada@example.org")
        client.password_login("ada@example.org", PASSWORD)
        certificate = client.request_certificate(identity.csr())
        identity.store_chain(certificate.chain.encode(), at_s=served.time.now)
        grant = parse_signed(
            client.request_grant(client.search("low tide").recordings[0].id), trusted_keys=client.trusted_keys()
        )
        path = tmp_path / "night.wav"
        rng = np.random.default_rng(7)
        soundfile.write(path, 0.1 * rng.standard_normal((RATE, 2)), RATE, subtype="PCM_24")
        asset = grant.grant.resource.asset_sha256
        use = ExportUse(format="wav", rate=RATE, bits=24)
        stems = ("vocals", "drums")
        facts = bent(
            device_id=identity.device_id,
            created_at=grant.grant.issued_at,
            sources=(licensed_source(grant, stems=stems),),
            own=(),
            models=(),
            steps=(),
            export=ExportFacts(
                format="wav", rate=RATE, bits=24, duration_s=1.0, loudness_lufs=-14.0, true_peak_dbtp=-1.0
            ),
            usage=Usage(sources=(SourceUse(asset_sha256=asset, stems=frozenset(stems)),), export=use),
            shares=audible_share({asset: [0.01, 0.02]}, [0.01, 0.02], {asset: source_of(grant, stems)}),
            watermark_id=None,
        )
        signing.sign_file(path, manifest.build(facts), identity, at_s=served.time.now)

        outbox = Outbox(tmp_path / "outbox.db", mac_key=b"m" * 32)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        key = outbox.enqueue_export(path, sha256=sha256, subject=ada.subject, title="Night")
        report = SyncWorker(outbox, lambda: client).run_once()
        assert report.sent == 2, (report, outbox.row(key).problem)
        body = msgspec.json.decode(outbox.row(key).receipt or b"")
        assert body["master_ppm"] == {share.id: share.ppm for share in facts.shares.master}
        assert sum(body["publishing_ppm"].values()) == 1_000_000
        assert client.resolve(sha256).title == facts.title
        outbox.close()

        changed = bytearray(path.read_bytes())
        changed[len(changed) // 2] ^= 1
        path.write_bytes(bytes(changed))
        other = client.upload(path).body.sha256
        with pytest.raises(PlatformError) as caught:
            client.submit_export(ExportRequest(export_sha256=other, filename="night.wav"), key=uuid7())
        assert caught.value.code == "not-trusted"
        assert caught.value.details["problems"]
    finally:
        client.close()
        served.server.stop()
        paths.close()
