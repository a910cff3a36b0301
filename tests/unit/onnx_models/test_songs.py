"""Songs of the training pool."""

from __future__ import annotations

import numpy as np

from onnx_models.training.separation import songs


def test_songs_that_were_trained_on_keep_their_parts_and_later_ones_share_the_new() -> None:
    assert not any(songs.modern(seed) for seed in range(350))
    assert all(songs.modern(seed) for seed in range(350, 443))
    later = [songs.modern(seed) for seed in range(443, 1443)]
    assert 0.15 < float(np.mean(later)) < 0.25
