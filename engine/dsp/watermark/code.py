"""The id as coded bits: 64 bits and a CRC-16, by a convolutional code of rate 1/3 and constraint length 7, read by
soft Viterbi.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ID_BITS = 64
CRC_BITS = 16
MEMORY = 6
POLYNOMIALS = (0o133, 0o171, 0o165)
CODED_BITS = (ID_BITS + CRC_BITS + MEMORY) * len(POLYNOMIALS)

Bits = npt.NDArray[np.int8]


def crc16(value: int) -> int:
    """CRC-16/CCITT-FALSE of the 8 bytes of `value`, high byte first."""
    crc = 0xFFFF
    for byte in value.to_bytes(ID_BITS // 8, "big"):
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1 & 0xFFFF
    return crc


def _parity(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    folded = values.copy()
    for shift in (4, 2, 1):
        folded ^= folded >> shift
    return folded & 1


def _outputs() -> npt.NDArray[np.int64]:
    """Signs ``(2 inputs, 64 states, 3)`` that leave the encoder; a state is its last six inputs, the newest on top."""
    states = np.arange(1 << MEMORY)
    out = np.zeros((2, 1 << MEMORY, len(POLYNOMIALS)), dtype=np.int64)
    for bit in (0, 1):
        register = bit << MEMORY | states
        for index, polynomial in enumerate(POLYNOMIALS):
            out[bit, :, index] = 1 - 2 * _parity(register & polynomial)
    return out


OUTPUTS = _outputs()


def encode(payload: int) -> Bits:
    """``(CODED_BITS,)`` signs +-1 for a 64-bit id."""
    value = payload << CRC_BITS | crc16(payload)
    bits = [value >> (ID_BITS + CRC_BITS - 1 - k) & 1 for k in range(ID_BITS + CRC_BITS)] + [0] * MEMORY
    state = 0
    signs: list[npt.NDArray[np.int64]] = []
    for bit in bits:
        signs.append(OUTPUTS[bit, state])
        state = (bit << MEMORY | state) >> 1
    return np.concatenate(signs).astype(np.int8)


def decode(soft: npt.NDArray[np.float64]) -> int | None:
    """The id whose code agrees best with `soft` ``(CODED_BITS,)``, positive for +1; None when its CRC disagrees."""
    count = 1 << MEMORY
    metric = np.full(count, -np.inf)
    metric[0] = 0.0
    states = np.arange(count)
    # The state after an input holds that input on top; its two possible predecessors differ in the bit that fell out.
    newest = states >> (MEMORY - 1)
    before = np.stack([(states << 1) & (count - 1), ((states << 1) & (count - 1)) | 1])
    steps = soft.reshape(-1, len(POLYNOMIALS))
    choices = np.zeros((len(steps), count), dtype=np.int8)
    for index, observed in enumerate(steps):
        gains = OUTPUTS @ observed
        reached = metric[before] + gains[newest, before]
        choices[index] = np.argmax(reached, axis=0)
        metric = np.max(reached, axis=0)
    state = 0
    bits: list[int] = []
    for index in range(len(steps) - 1, -1, -1):
        bits.append(state >> (MEMORY - 1))
        state = int(before[choices[index, state], state])
    value = 0
    for bit in bits[::-1][: ID_BITS + CRC_BITS]:
        value = value << 1 | bit
    payload = value >> CRC_BITS
    return payload if crc16(payload) == value & 0xFFFF else None
