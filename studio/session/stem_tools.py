"""What is done with stems once a track is split: voice and rest, bleed, karaoke, balance."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from typing import Literal

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.flows import restyle, separate, stem_tools
from studio.flows.separate import SplitResult
from studio.flows.stem_tools import CLEAN_DB, CleanResult
from studio.jobs import Job
from studio.project import edits
from studio.project.model import Role
from studio.session.work import Work


class StemTools(Work):
    """Tools on the stems of a track."""

    def warm_stems(self) -> None:
        """Make the model ready in the background, so that the first split is heard at once, then what the first restyle
        needs. Worth calling when there is something to split; a failure is told by the split."""

        def work() -> None:
            with contextlib.suppress(StudioError, EngineError):
                separate.warm(self.services)
                restyle.warm(self.services)

        threading.Thread(target=work, name="contrafact-warm-stems", daemon=True).start()

    def split_in_two(
        self, track_id: str, *, prefer: Literal["label", "model"] = "label", model: str | None = None
    ) -> Job[SplitResult]:
        """Split a track into its voice and the rest."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Splitting {name} in two",
            lambda context: stem_tools.split_in_two(
                self.services, self.project, track_id, context, prefer=prefer, model=model
            ),
            lane="inference",
        )

    def remove_bleed(self, track_id: str, *, threshold_db: float = CLEAN_DB) -> Job[CleanResult]:
        """Clean the stems of a track of what leaked into them; their sum stays what it is."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Removing bleed from {name}",
            lambda context: stem_tools.remove_bleed(
                self.services, self.project, track_id, context, threshold_db=threshold_db
            ),
        )

    def rebalance(self, track_id: str, gains_db: Mapping[Role, float]) -> None:
        """Set the faders of a track's stems.

        Raises:
            ProjectError: edit-invalid for a track that is not split, or a stem that it has not.
        """
        self.commit("Balance the stems", stem_tools.rebalance(self.project, track_id, gains_db))

    def karaoke(self, track_id: str, *, on: bool = True) -> None:
        """Mute the voice of a split track, or let it be heard again.

        Raises:
            ProjectError: edit-invalid for a track without a stem of a voice.
        """
        label = "Mute the voice" if on else "Unmute the voice"
        self.commit(label, stem_tools.karaoke(self.project, track_id, on=on))
