"""The denials of the policy about what leaves the studio, in words."""

from __future__ import annotations

from studio.rights.grants import Grant
from studio.rights.verdict import Denial
from studio.rights.wording import ASK, denial
from studio.rights.words import listed


def no_export(grant: Grant, clause: str) -> Denial:
    """The recording may not leave the studio."""
    return denial(
        grant,
        clause,
        "This licence is for listening and trying out; it does not allow an export.",
        f"Remove it to export, {ASK}.",
        fix="remove_source",
        label="Remove it",
        operation="export",
    )


def format_(grant: Grant, asked: str) -> Denial:
    """A file format that the grant does not name."""
    allowed = grant.export.formats
    if not allowed:
        return no_export(grant, "export.formats")
    return denial(
        grant,
        "export.formats",
        f"This licence allows {listed([each.upper() for each in allowed])}, not {asked.upper()}.",
        f"Export as {allowed[0].upper()}, {ASK}.",
        fix="change_format",
        label=f"Use {allowed[0].upper()}",
        choice=allowed[0],
    )


def rate(grant: Grant, asked: int) -> Denial:
    """A sample rate above the limit."""
    allowed = grant.export.max_sr
    return denial(
        grant,
        "export.max_sr",
        f"This licence allows up to {allowed / 1000:g} kHz; you asked for {asked / 1000:g} kHz.",
        f"Export at {allowed / 1000:g} kHz or less, {ASK}.",
        fix="change_rate",
        label=f"Use {allowed / 1000:g} kHz",
        value=float(allowed),
        maximum=float(allowed),
    )


def bits(grant: Grant, asked: int) -> Denial:
    """A bit depth above the limit."""
    allowed = grant.export.max_bits
    return denial(
        grant,
        "export.max_bits",
        f"This licence allows up to {allowed} bits; you asked for {asked}.",
        f"Export with {allowed} bits, {ASK}.",
        fix="change_bits",
        label=f"Use {allowed} bits",
        value=float(allowed),
        maximum=float(allowed),
    )


def destination(grant: Grant, asked: str) -> Denial:
    """A destination that the grant does not name."""
    words = {"platform": "publishing on the platform", "local_preview": "a local preview"}
    allowed = grant.export.destinations
    if not allowed:
        return no_export(grant, "export.destinations")
    return denial(
        grant,
        "export.destinations",
        f"This licence allows {listed([words[each] for each in allowed])}, not {words.get(asked, asked)}.",
        f"Choose {words[allowed[0]]}, {ASK}.",
        fix="change_destination",
        label=f"Choose {words[allowed[0]]}",
        choice=allowed[0],
    )


def stem_export(grant: Grant, clause: str) -> Denial:
    """Licensed stems may not leave as files of their own."""
    return denial(
        grant,
        clause,
        "This licence does not allow its stems to leave as files of their own.",
        f"Export the mix, or let placeholders stand for these stems, {ASK}.",
        fix="bounce_without_stems",
        label="Use placeholders",
        operation="stem_export",
    )


def no_exports_left(grant: Grant) -> Denial:
    """The number of exports of the lease is used up."""
    count = grant.offline.max_exports
    return denial(
        grant,
        "offline.max_exports",
        f"All {count} exports of this lease are used."
        if count
        else "This licence allows no export without the platform.",
        "Connect to the platform to renew the licence.",
        fix="renew_grant",
        label="Renew",
    )
