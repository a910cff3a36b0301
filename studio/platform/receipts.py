"""Receipts: the platform's signed word that it has something, as the client checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from studio.base.errors import PlatformError
from studio.base.signatures import SignatureError, open_document

SCHEMA = "receipt/1"


class ReceiptBody(Struct, frozen=True, kw_only=True):
    """What is signed. `kind` is ``upload`` (a file arrived whole) or ``export`` (a remix was verified and entered in
    the log).

    Shares map a payee's id to ppm; on either side they sum to 1,000,000 or there is nobody on that side.
    """

    schema: Literal["receipt/1"] = SCHEMA
    kind: Literal["upload", "export"]
    receipt_id: str
    subject: str
    sha256: str
    size: int
    at: str
    idempotency_key: str = ""
    manifest_digest: str = ""
    log_index: int = -1
    previous_hash: str = ""
    entry_hash: str = ""
    master_ppm: dict[str, int] = {}
    publishing_ppm: dict[str, int] = {}


class Receipt(Struct, frozen=True, kw_only=True):
    """A receipt whose signature fits, with the exact bytes that were signed."""

    body: ReceiptBody
    raw: bytes


def verify_receipt(
    raw: bytes,
    trusted_keys: Mapping[str, bytes],
    *,
    kind: str,
    sha256: str,
    idempotency_key: str | None = None,
) -> Receipt:
    """The receipt in `raw`, which must be of this kind and for this file (and, where given, for this operation).

    `trusted_keys` maps key ids to raw public keys (32 bytes).

    Raises:
        PlatformError: receipt-invalid.
    """
    fields = open_signed(raw, trusted_keys)
    try:
        body = msgspec.convert(fields, ReceiptBody)
    except msgspec.ValidationError as error:
        raise _invalid("something is missing in it") from error
    if body.kind != kind or body.sha256 != sha256:
        raise _invalid("it is for something else")
    if idempotency_key is not None and body.idempotency_key != idempotency_key:
        raise _invalid("it is for another delivery")
    return Receipt(body=body, raw=raw)


def open_signed(raw: bytes, trusted_keys: Mapping[str, bytes]) -> dict[str, Any]:
    """The fields of any statement that the platform signed.

    Raises:
        PlatformError: receipt-invalid.
    """
    try:
        return open_document(raw, trusted_keys=trusted_keys)
    except SignatureError as error:
        raise _invalid(str(error)) from error


def _invalid(why: str) -> PlatformError:
    return PlatformError(
        f"The platform's answer cannot be trusted: {why}.",
        remedy="Nothing was lost. Try again later; if it stays so, tell the platform.",
        code="receipt-invalid",
    )
