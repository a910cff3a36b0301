"""Before a device is opened, everything that a callback may be asked for has run."""

from __future__ import annotations

import numpy as np

from engine.dsp.effects.dispatch import NUMBERS
from engine.plan.kernel import stages, watch
from engine.playback.deck import Deck
from engine.playback.warm import warm


def test_stages_of_a_first_exchange_and_of_every_effect_are_known_from_the_first_block_on() -> None:
    usual = warm()
    deck = Deck()
    deck.learn(usual)
    deck.open(rate=44_100, channels=2)
    rows = deck.usual.reshape(stages.KINDS, watch.SLOT_WORDS)
    kinds = [stages.ENTRY, stages.SWAP, stages.REQUESTS, stages.LIMITER, stages.LEAVE, stages.OUTPUT]
    kinds += [stages.FADES, stages.FADES + 1, *(stages.EFFECTS + number for number in NUMBERS.values())]
    assert np.all(rows[kinds, 1] >= watch.KNOWN), [stages.name_of(k) for k in kinds if rows[k, 1] < watch.KNOWN]
    assert np.all(rows[kinds, 0] > 0)
    strips = rows[stages.STRIPS :, 1]
    assert np.count_nonzero(strips >= watch.KNOWN) >= 4
