"""The public table of Ultimate Vocal Remover's MDX-Net models: what a file needs, by the MD5 of its last 10,240,000
bytes. Facts of ``TRvlvr/application_data``, ``mdx_model_data/model_data_new.json`` at commit
0716a1bcf3b7159500e6e48de06b0456cc70da8f, and of ``Anjok07/ultimatevocalremovergui`` at commit
7bfceaa7aa1f6203f2aa9b503d8519eeac44758b."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

TAIL_BYTES = 10_240_000


class KnownModel(msgspec.Struct, frozen=True, kw_only=True):
    """One row: size of the transform, factor of the complement, the stem that the graph gives, what is left of the
    mixture without it."""

    n_fft: int
    compensate: float
    stem: str
    rest: str


_PAIRS = {
    "V": ("vocals", "instrumental"),
    "I": ("instrumental", "vocals"),
    "K": ("lead", "backing"),
    "J": ("backing", "lead"),
    "D": ("drums", "other"),
    "B": ("bass", "other"),
    "O": ("other", "vocals"),
    "R": ("reverb", "dry"),
    "N": ("dry", "crowd"),
}

_ROWS = """
0ddfc0eb5792638ad5dc27850236c246 6144 1.035 V
26d308f91f3423a67dc69a6d12a8793d 8192 1.035 O
2cdd429caac38f0194b133884160f2c6 7680 1.045 I
2f5501189a2f6db6349916fabe8c90de 6144 1.035 K
398580b6d5d973af3120df54cee6759d 7680 1.75 V
488b3e6f8bd3717d9d7c428476be2d75 7680 1.035 I
4910e7827f335048bdac11fa967772f9 4096 1.035 D
53c4baf4d12c3e6c3831bb8f5b532b93 7680 1.043 V
5d343409ef0df48c7d78cce9f0106781 7680 1.075 V
5f6483271e1efb9bfb59e4a3e6d4d098 6144 1.035 V
65ab5919372a128e4167f5e01a8fda85 8192 1.035 O
6703e39f36f18aa7855ee1047765621d 16384 1.035 B
6b31de20e84392859a3d09d43f089515 6144 1.035 V
867595e9de46f6ab699008295df62798 7680 1.03 V
a3cd63058945e777505c01d2507daf37 6144 1.03 V
b33d9b3950b6cbf5fe90a32608924700 7680 1.03 V
c3b29bdce8c4fa17ec609e16220330ab 16384 1.035 B
ceed671467c1f64ebdfac8a2490d0d52 7680 1.035 I
d2a1376f310e4f7fa37fb9b5774eb701 7680 1.035 I
d7bff498db9324db933d913388cba6be 6144 1.035 V
d94058f8c7f1fae4164868ae8ae66b20 6144 1.035 V
dc41ede5961d50f277eb846db17f5319 4096 1.035 D
e5572e58abf111f80d8241d2e44e7fa4 7680 1.028 I
e7324c873b1f615c35c1967f912db92a 7680 1.03 V
1c56ec0224f1d559c42fd6fd2a67b154 5120 1.025 I
f2df6d6863d8f435436d8b561594ff49 7680 1.035 I
b06327a00d5e5fbc7d96e1781bbdb596 6144 1.035 I
94ff780b977d3ca07c7a343dab2e25dd 6144 1.039 I
73492b58195c3b52d34590d5474452f6 7680 1.043 V
970b3f9492014d18fefeedfe4773cb42 7680 1.009 V
1d64a6d2c30f709b8c9b4ce1366d96ee 5120 1.065 J
203f2a3955221b64df85a41af87cf8f0 6144 1.035 I
291c2049608edb52648b96e27eb80e95 6144 1.035 I
ead8d05dab12ec571d67549b3aab03fc 6144 1.035 I
cc63408db3d80b4d85b0287d1d7c9632 6144 1.033 I
cd5b2989ad863f116c855db1dfe24e39 6144 1.035 R
55657dd70583b0fedfba5f67df11d711 6144 1.022 I
b6bccda408a436db8500083ef3491e8b 7680 1.02 I
8a88db95c7fb5dbe6a095ff2ffb428b1 5120 1.026 I
b78da4afc6512f98e4756f5977f5c6b9 7680 1.021 I
77d07b2667ddf05b9e3175941b4454a0 7680 1.021 V
0f2a6bc5b49d87d64728ee40e23bceb1 5120 1.019 I
cb790d0c913647ced70fc6b38f5bea1a 5120 1.01 I
b02be2d198d4968a121030cf8950b492 5120 1.02 N
"""


def _table() -> dict[str, KnownModel]:
    rows = (line.split() for line in _ROWS.strip().splitlines())
    return {
        digest: KnownModel(n_fft=int(n_fft), compensate=float(factor), stem=_PAIRS[kind][0], rest=_PAIRS[kind][1])
        for digest, n_fft, factor, kind in rows
    }


KNOWN = _table()


def md5_tail(path: Path) -> str:
    """MD5 (hex) of the last 10,240,000 bytes of a file, or of all of a smaller one: the key of the table."""
    with path.open("rb") as handle:
        handle.seek(max(path.stat().st_size - TAIL_BYTES, 0))
        return hashlib.md5(handle.read(), usedforsecurity=False).hexdigest()
