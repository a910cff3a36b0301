"""Devices: the platform's certificate authority gives each a certificate under a pseudonym."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from studio.base.pki import CertificateError, csr_device_id, issue_device_certificate
from studio.platform import database as db
from studio.platform.messages import Account, Certificate
from studio.platform.refusal import invalid
from studio.platform.state import PlatformState


def issue(state: PlatformState, account: Account, csr: str) -> Certificate:
    """A certificate for the key of this request. Nothing of the request but its key is used.

    Raises:
        Refusal: csr-invalid.
    """
    now = datetime.fromtimestamp(state.now_s(), UTC)
    try:
        device_id = csr_device_id(csr.encode())
        chain = issue_device_certificate(csr.encode(), state.authority, now=now)
    except (CertificateError, ValueError) as error:
        raise invalid(
            f"The certificate request cannot be used: {error}.",
            remedy="Let the studio make a new one.",
            code="csr-invalid",
        ) from error
    with state.db.write() as connection:
        connection.execute(
            sa.delete(db.devices).where(db.devices.c.device_id == device_id, db.devices.c.account_id == account.id)
        )
        connection.execute(
            sa.insert(db.devices).values(
                device_id=device_id, account_id=account.id, certificate=chain, issued_at=state.now_iso()
            )
        )
    return Certificate(device_id=device_id, chain=chain.decode())


def trust_anchors(state: PlatformState) -> str:
    """The authority's certificate, PEM: what the certificates of all devices lead to."""
    return state.authority.certificate_pem.decode()
