"""The words of the status bar."""

from __future__ import annotations

from typing import Any

from ui.viewmodels import words


def sync_text(state: Any) -> tuple[str, str, str, str]:
    """Text, icon, token and tooltip of a `SyncState`."""
    if state.state == "needs-you":
        return "Needs you", "cloud-alert", "warn", state.note or "Something could not be sent."
    if state.state == "queued" or state.queued:
        return (
            f"Saved here · {state.queued} queued",
            "cloud-upload",
            "ok",
            state.note or "Saved on this computer; it is sent when the platform can be reached.",
        )
    if state.state == "synced":
        return "Synced", "cloud-check", "ok", state.note or "Everything has been received."
    return "Saved here", "cloud-check", "ok", state.note or "Everything is saved on this computer."


def account_tip(account: Any) -> str:
    """Who is signed in, in a sentence."""
    if account is None:
        return "Nobody is signed in; click to sign in."
    if account.demo:
        return "The demo account of the platform inside the studio: no network, no password."
    return f"Signed in as {account.name}, {account.email}."


def gaps_heard(status: Any) -> tuple[int, str]:
    """How many gaps there were in the sound, and whose they were; without a device nobody heard any."""
    if status.device in (None, "none"):
        return 0, "There is no audio device, so there are no gaps"
    return status.xruns, words.gaps(status.xruns_own, status.xruns_system, status.xruns_driver)


def device_text(status: Any) -> str:
    """``48 kHz · 128 · 5.3 ms``, or that there is no device."""
    if status.device in (None, "none"):
        return "No audio device"
    rate = f"{status.rate / 1000:g} kHz"
    parts = [rate]
    if status.block_frames:
        parts.append(str(status.block_frames))
    if status.latency_s:
        parts.append(f"{status.latency_s * 1000:.1f} ms")
    return " · ".join(parts)
