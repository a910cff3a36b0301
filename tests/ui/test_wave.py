from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from engine.io import pyramid
from ui.panels.arrangement import tiles
from ui.panels.arrangement.tiles import TILE_PX, TileCache, TileKey
from ui.widgets.wave import DETAIL, wave_image

RATE = 8000


def _key(index: int = 0, **more) -> TileKey:
    fields = {
        "source": "s",
        "seconds_per_px": 0.01,
        "index": index,
        "height": 40,
        "color": 0xFFFFFFFF,
        "gain": 1.0,
        "ratio": 1.0,
    }
    return TileKey(**{**fields, **more})


def _pyramid(seconds: float = 4.0):
    frames = round(seconds * RATE)
    sound = np.zeros((2, frames), dtype=np.float32)
    sound[:, frames // 2 :] = np.sin(np.arange(frames - frames // 2) * 0.3).astype(np.float32)
    return pyramid.build(sound, rate=RATE)


def _drawn(image, x: int) -> int:
    return sum(image.pixelColor(x, y).alpha() > 40 for y in range(image.height()))


def test_the_louder_half_is_taller(qapp) -> None:
    low = np.tile(np.repeat([0.0, -0.8], 5 * DETAIL).astype(np.float32), (2, 1))
    image = wave_image(low, -low, 40, QColor("#5DB4F0"))
    assert (image.width(), image.height()) == (10, 40)
    assert _drawn(image, 1) <= 2
    assert _drawn(image, 8) >= 28


def test_gain_is_clipped_to_the_lane(qapp) -> None:
    low = np.full((1, 4 * DETAIL), -0.9, dtype=np.float32)
    image = wave_image(low, -low, 20, QColor("#FFFFFF"), gain=10.0)
    assert _drawn(image, 2) <= 20


def test_tiles_are_made_once_and_forgotten_with_their_source(qapp) -> None:
    cache, sound = TileCache(), _pyramid()
    first = cache.tile(sound, 4.0, _key(), QColor("#FFFFFF"))
    assert cache.tile(sound, 4.0, _key(), QColor("#FFFFFF")) is first
    cache.forget("s")
    assert len(cache) == 0


def test_a_tile_beyond_the_end_is_a_flat_line(qapp) -> None:
    cache, sound = TileCache(), _pyramid()
    image = cache.tile(sound, 4.0, _key(index=5), QColor("#FFFFFF")).toImage()
    assert image.width() == TILE_PX
    assert _drawn(image, 100) <= 2


def test_what_sounds_is_where_it_should_be(qapp) -> None:
    cache, sound = TileCache(), _pyramid()
    image = cache.tile(sound, 4.0, _key(), QColor("#FFFFFF")).toImage()
    assert _drawn(image, 100) <= 2
    assert _drawn(image, 230) >= 30


def test_the_cache_has_a_limit(qapp, monkeypatch) -> None:
    monkeypatch.setattr(tiles, "LIMIT", 20)
    cache, sound = TileCache(), _pyramid()
    for index in range(25):
        cache.tile(sound, 4.0, _key(index=index, seconds_per_px=1e-4), QColor("#FFFFFF"))
    assert len(cache) == 20
