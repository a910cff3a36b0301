"""From the telemetry's block to the values that a window shows."""

from __future__ import annotations

from typing import Any

from engine.playback.messages import NO_DEVICE_ID, Meters, Status

DEFAULT_RATE = 48_000


def read_status(seen: Any, *, notice: str, lost_sources: tuple[str, ...]) -> Status:
    """The status in a record of `engine.playback.telemetry.LAYOUT`, but for these two."""
    own, system, driver = (int(seen[f"xruns_{whose}"]) for whose in ("own", "system", "driver"))
    return Status(
        playing=bool(seen["playing"]),
        position_s=int(seen["frame"]) / max(int(seen["plan_rate"]), 1),
        rate=int(seen["rate"]) or DEFAULT_RATE,
        block_frames=int(seen["block_frames"]),
        latency_s=float(seen["latency_s"]),
        dsp_load=float(seen["dsp_load"]),
        xruns=own + system + driver,
        xruns_own=own,
        xruns_waited=int(seen["xruns_waited"]),
        xruns_system=system,
        xruns_host=int(seen["xruns_host"]),
        xruns_driver=driver,
        callbacks=int(seen["callbacks"]),
        moves=int(seen["moves"]),
        device=seen["device"].decode() or NO_DEVICE_ID,
        device_name=seen["device_name"].decode(),
        input=seen["input"].decode(),
        recording=bool(seen["recording"]),
        counting_in=bool(seen["counting_in"]),
        alternative=seen["alternative"].decode(),
        input_peak=(float(seen["input_peak"][0]), float(seen["input_peak"][1])),
        lost_sources=lost_sources,
        notice=notice,
    )


def read_meters(seen: Any, ids: tuple[str, ...]) -> Meters:
    """The meters in such a record; `ids` names its rows."""
    if not seen["heartbeat"]:
        return Meters()
    rows = dict(zip(ids, seen["tracks"].tolist(), strict=False))
    return Meters(
        tracks={name: tuple(row[:4]) for name, row in rows.items()},
        reduction_db={name: row[4] for name, row in rows.items()},
        muted_bad=frozenset(name for name, row in rows.items() if row[5] > 0),
        master=(float(seen["master"][0]), float(seen["master"][1])),
        master_reduction_db=float(seen["master_reduction_db"]),
        lufs_m=float(seen["lufs_m"]),
        lufs_s=float(seen["lufs_s"]),
        lufs_i=float(seen["lufs_i"]),
        correlation=float(seen["correlation"]),
        true_peak_dbtp=float(seen["true_peak_dbtp"]),
    )
