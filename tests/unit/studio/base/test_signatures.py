from __future__ import annotations

import base64

import pytest

from studio.base.canonical import canonical_json, parse_strict
from studio.base.signatures import MAX_BYTES, SignatureError, SigningKey, key_id, open_document, sign_document

KEY = SigningKey.from_bytes(bytes(range(32)))
TRUSTED = {KEY.kid: KEY.public}
FIELDS = {"schema": "receipt/1", "n": 1.5, "text": "ä"}


def reason(raw: bytes, trusted: dict[str, bytes] = TRUSTED) -> str:
    with pytest.raises(SignatureError) as caught:
        open_document(raw, trusted_keys=trusted)
    return caught.value.reason


def test_a_signed_document_opens() -> None:
    raw = sign_document(FIELDS, KEY)
    assert open_document(raw, trusted_keys=TRUSTED) == FIELDS
    assert raw == canonical_json(parse_strict(raw))
    assert sign_document({**FIELDS, "sig": "old"}, KEY) == raw


def test_every_flipped_byte_is_refused() -> None:
    raw = sign_document(FIELDS, KEY)
    for place in range(len(raw)):
        broken = bytearray(raw)
        broken[place] ^= 1
        with pytest.raises(SignatureError):
            open_document(bytes(broken), trusted_keys=TRUSTED)


def test_the_reasons() -> None:
    raw = sign_document(FIELDS, KEY)
    other = SigningKey.generate()
    assert reason(b"nonsense") == "malformed"
    assert reason(b"[1]") == "malformed"
    assert reason(b" " * (MAX_BYTES + 1)) == "malformed"
    assert reason(b'{"a":1,"a":1}') == "malformed"
    assert reason(raw.replace(b'","', b'", "')) == "not-canonical"
    assert reason(canonical_json(FIELDS)) == "unsigned"
    assert reason(canonical_json({**FIELDS, "sig": 3})) == "unsigned"
    assert reason(canonical_json({**FIELDS, "sig": "ed25519:x"})) == "unsigned"
    assert reason(sign_document(FIELDS, other)) == "unknown-key"
    assert reason(sign_document(FIELDS, other, kid=KEY.kid)) == "bad-signature"
    assert reason(raw, {KEY.kid: b"short"}) == "bad-signature"


def test_a_second_spelling_of_a_signature_is_refused() -> None:
    fields = parse_strict(sign_document(FIELDS, KEY))
    head, kid, text = fields["sig"].split(":")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = text[:-1] + alphabet[alphabet.index(text[-1]) + 1]
    assert base64.urlsafe_b64decode(spelled + "==") == base64.urlsafe_b64decode(text + "==")
    assert reason(canonical_json({**fields, "sig": f"{head}:{kid}:{spelled}"})) == "bad-signature"


def test_a_key_keeps_its_secret_to_itself() -> None:
    key = SigningKey.generate()
    assert repr(key) == f"SigningKey(kid='{key.kid}')"
    assert SigningKey.from_bytes(key.to_bytes()).public == key.public
    assert key_id(key.public) == key.kid
    with pytest.raises(ValueError):
        SigningKey.from_bytes(b"short")
