"""A verification as cards, sources and steps: only what is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ui.viewmodels import words


@dataclass(frozen=True, kw_only=True)
class FactCard:
    """One card: icon, token, what, and how it is known."""

    icon: str
    token: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What stands at the top of the sheet."""

    icon: str
    token: str
    title: str


HEADS: dict[str, Headline] = {
    "Trusted": Headline(icon="badge-check", token="ok", title="Untouched and signed"),
    "Valid": Headline(icon="shield-alert", token="warn", title="Signed by somebody unknown"),
    "Invalid": Headline(icon="circle-x", token="block", title="Changed since it was signed"),
    "NoCredentials": Headline(icon="file-search", token="text.muted", title="No credentials"),
}


def headline(verification: Any) -> Headline:
    """The outcome in a few words."""
    if verification.mark_title:
        return Headline(icon="scan-search", token="warn", title="Found again by its mark")
    head = HEADS[verification.state]
    if verification.state == "NoCredentials" and verification.mark_title:
        return Headline(icon="scan-search", token="warn", title="Found again by its mark")
    codes = {problem.code for problem in verification.problems}
    if verification.state == "Invalid" and not codes & {"audio-changed", "tags-changed", "audio-other", "file-changed"}:
        return Headline(icon=head.icon, token=head.token, title="Its credentials do not hold")
    return head


def subtitle(verification: Any) -> str:
    """File name, format, length, and the outcome in one sentence."""
    path = Path(verification.path)
    parts = [path.name]
    if path.suffix:
        parts.append(path.suffix[1:].upper())
    if verification.facts.duration_s:
        parts.append(words.clock(verification.facts.duration_s, hundredths=False))
    line = " · ".join(parts)
    # Without a credential its card says what there is to say.
    return line if verification.state == "NoCredentials" else f"{line}. {verification.summary}"


def cards(verification: Any) -> list[FactCard]:
    """What is known about signer, integrity, licences and models."""
    facts, state = verification.facts, verification.state
    found: list[FactCard] = []
    when = words.moment(facts.signed_at)
    if state == "NoCredentials":
        return _without_credential(verification)
    if state == "Trusted":
        who = facts.signed_by or "a studio that the platform knows"
        found.append(
            FactCard(
                icon="badge-check",
                token="ok",
                title="Signed by a studio that the platform knows",
                text=_join(who, when),
            )
        )
        found.append(
            FactCard(
                icon="shield-check",
                token="ok",
                title="Nothing was changed since",
                text="Sound, tags and every ingredient are as signed",
            )
        )
    else:
        unknown = any(problem.code == "signer-unknown" for problem in verification.problems)
        title = "Signed by somebody this studio does not know" if unknown else "Says that it was signed by"
        found.append(
            FactCard(
                icon="shield-alert" if unknown else "signature",
                token="warn" if unknown else "text.muted",
                title=title,
                text=_join(facts.signed_by or "no name", when),
            )
        )
        found.extend(
            FactCard(icon="triangle-alert", token="block", title=problem.text, text=problem.detail[:160])
            for problem in verification.problems
            if problem.code != "signer-unknown"
        )
    licensed = [source for source in facts.sources if source.status == "licensed"]
    own = [source for source in facts.sources if source.status == "user-asserted"]
    if licensed:
        names = ", ".join(
            f"{source.title} rev {source.grant_rev}" if source.grant_rev else source.title for source in licensed
        )
        found.append(
            FactCard(
                icon="scroll-text", token="ok" if state == "Trusted" else "text.muted", title="Licensed", text=names
            )
        )
    elif own:
        found.append(
            FactCard(
                icon="user",
                token="text.muted",
                title="The maker says that it is their own",
                text=", ".join(source.title for source in own),
            )
        )
    ai = {
        "yes": "It says that AI took part",
        "true": "It says that AI took part",
        "no": "It says that no AI took part",
        "false": "It says that no AI took part",
    }
    said = ai.get(str(facts.contains_ai).casefold())
    if facts.models:
        names = ", ".join(model.title for model in facts.models)
        found.append(FactCard(icon="sparkles", token="text.muted", title="Models took part", text=names))
    elif said:
        found.append(FactCard(icon="sparkles", token="text.muted", title=said, text="No model is named"))
    if facts.watermark:
        found.append(
            FactCard(
                icon="audio-lines",
                token="text.muted",
                title="Its sound carries a faint mark",
                text="which finds this credential again if it is stripped",
            )
        )
    if verification.receipt_id:
        found.insert(2, _receipt_card(verification))
    return found[:6]


def _without_credential(verification: Any) -> list[FactCard]:
    """A file that says nothing itself; a mark in its sound may still lead to the export that it was."""
    text = verification.problems[0].text if verification.problems else verification.summary
    found = [FactCard(icon="file-search", token="text.muted", title="It does not say what it is made of", text=text)]
    if verification.mark is None:
        return found
    known = verification.mark_title
    found.append(
        FactCard(
            icon="audio-lines",
            token="ok",
            title="Its sound carries the mark of an export",
            text=f"Mark {verification.mark}",
        )
    )
    found.append(
        FactCard(
            icon="badge-check" if known else "circle-help",
            token="ok" if known else "warn",
            title=f"The platform knows it as “{known}”" if known else "This platform does not know that mark",
            text="The mark says which export it was, not that nothing was changed since." if known else "",
        )
    )
    if verification.receipt_id:
        found.append(_receipt_card(verification))
    return found


def _receipt_card(verification: Any) -> FactCard:
    text = _join(f"Receipt {verification.receipt_id[:13]}…", words.moment(verification.received_at or ""))
    return FactCard(icon="receipt-text", token="ok", title="Received by the platform", text=text)


def source_cards(verification: Any) -> list[tuple[str, str, str]]:
    """Title, subtitle and token of what it is made of."""
    palette = ("stem.vocals", "stem.other", "stem.bass", "stem.drums")
    out: list[tuple[str, str, str]] = []
    licensed = 0
    for source in verification.facts.sources:
        if source.status == "user-asserted":
            out.append((source.title, "the remixer's own", "stem.own"))
            continue
        who = ", ".join(source.artists) or (
            "recording" if source.status == "licensed" else "named by another credential"
        )
        out.append((source.title, _join(who, ", ".join(source.stems)), palette[licensed % len(palette)]))
        licensed += 1
    out.extend((model.title, model.statement or "model", "stem.drums") for model in verification.facts.models)
    return out


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
