"""Checking a file's credentials: who signed it, whether it was changed since, and what every ingredient says (RIGHTS.md
3).

The library's verdict covers the active manifest alone, and gives "Valid" to any signer. Here a file is Trusted only if
an authority of this studio vouches for its signer and nothing in it or in any of its ingredients fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from studio.base.errors import ProvenanceError, RightsError
from studio.provenance.facts import Facts, facts_of
from studio.provenance.manifest import AUDIO_MAP, CONTRIBUTIONS
from studio.provenance.payload import MIME, AudioMap, Payload, PayloadError, changed_spans, locate
from studio.provenance.reading import Store, as_dict, as_list, as_text, delta_failures, failures, parsed, read_store
from studio.provenance.steps import plain
from studio.provenance.trust import TrustAnchors
from studio.rights.shares import parse_evidence, recompute

State = Literal["Trusted", "Valid", "Invalid", "NoCredentials"]

_DAMAGED = "The credentials of this file are damaged."
_NAMELESS = "an ingredient"
_UNTRUSTED = "signingCredential.untrusted"

_UNVOUCHED = frozenset({"signer-unknown", "certificate-ended"})
"""Problems of the signer alone: nothing was changed, but nobody vouches for who signed."""

_TEXTS: dict[str, tuple[str, str]] = {
    "assertion.dataHash.mismatch": ("file-changed", "This file was changed after it was signed."),
    "assertion.bmffHash.mismatch": ("file-changed", "This file was changed after it was signed."),
    "assertion.boxesHash.mismatch": ("file-changed", "This file was changed after it was signed."),
    "assertion.hashedURI.mismatch": ("credentials-changed", "The credentials were changed after they were signed."),
    "assertion.missing": ("credentials-changed", "A part of the credentials was removed after they were signed."),
    "claimSignature.mismatch": ("signature-broken", "The signature does not fit: the credentials were changed."),
    "claimSignature.missing": ("signature-broken", "The signature was removed."),
    "claimSignature.outsideValidity": (
        "certificate-invalid",
        "It was signed outside of the time for which its certificate holds.",
    ),
    "signingCredential.expired": ("certificate-ended", "The certificate that it was signed with has ended."),
    "signingCredential.ocsp.revoked": ("certificate-revoked", "The certificate that it was signed with was revoked."),
    "signingCredential.invalid": ("certificate-invalid", "It was signed with a certificate that is not fit for that."),
    _UNTRUSTED: ("signer-unknown", "It was signed by someone this studio does not know."),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: a stable code, a text for people, a detail for experts, and the ingredient that it
    concerns, if any."""

    code: str
    text: str
    detail: str = ""
    ingredient: str | None = None


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome: the state, what is wrong, and what the credentials say (nothing where there are none).

    What Valid or Invalid credentials say is shown as a claim, never as a fact.
    """

    state: State
    path: str
    problems: tuple[Problem, ...] = ()
    facts: Facts = Facts()
    manifest_digest: str = ""

    @property
    def summary(self) -> str:
        """The outcome in one sentence."""
        if self.state == "Trusted":
            return "Untouched since it was signed, by a studio that is known here."
        if self.problems:
            return self.problems[0].text
        return "This file carries no credentials."


def verify_file(path: Path, *, trust: TrustAnchors) -> Verification:
    """Check the credentials of a file; whatever the file is, the outcome has a name.

    Raises:
        ProvenanceError: `file-missing` or `file-unreadable` if there is no file to look at.
    """
    path = Path(path)
    try:
        payload = _locate(path)
    except OSError as problem:
        raise _no_file(path, problem) from problem
    if isinstance(payload, Problem):
        state: State = "Invalid" if payload.code.startswith("credentials-") else "NoCredentials"
        return Verification(state=state, path=str(path), problems=(payload,))
    store = read_store(path, MIME[payload.kind], trust)
    if isinstance(store, str):
        return _unread(path, payload, store)
    problems = problems_of(store)
    if any(problem.code == "file-changed" and problem.ingredient is None for problem in problems):
        problems = _with_place(path, payload, store, problems)
    problems += _share_problems(store)
    return Verification(
        state=_state(store, problems),
        path=str(path),
        problems=tuple(problems),
        facts=facts_of(store),
        manifest_digest=store.manifest_digest,
    )


def problems_of(store: Store) -> list[Problem]:
    """Everything that fails, in the active manifest first, then in every ingredient of every manifest."""
    found = [_problem(*failure, ingredient=None) for failure in failures(store.results)]
    titles: dict[str, str] = {}
    deltas = [*delta_failures(store.results)]
    for label, manifest in store.manifests.items():
        for each in as_list(as_dict(manifest).get("ingredients")):
            ingredient = as_dict(each)
            title = plain(as_text(ingredient.get("title"))) or _NAMELESS
            titles[f"{label}/c2pa.assertions/{as_text(ingredient.get('label'))}"] = title
            results = ingredient.get("validation_results")
            found += [_problem(*failure, ingredient=title) for failure in failures(results)]
            deltas += delta_failures(results)
    found += [_problem(*failure, ingredient=titles.get(place, _NAMELESS)) for place, failure in deltas]
    if store.state == "Invalid" and not found:
        found.append(Problem(code="credentials-invalid", text="The credentials do not hold."))
    if store.state not in {"Trusted", "Invalid"} and not any(problem.code == "signer-unknown" for problem in found):
        found.append(Problem(code="signer-unknown", text=_TEXTS[_UNTRUSTED][1]))
    if any(problem.code == "certificate-ended" for problem in found):
        # The library calls the signer of an ended certificate unknown as well; whether it was known cannot be told.
        found = [problem for problem in found if problem.code != "signer-unknown"]
    return list(dict.fromkeys(found))


def _state(store: Store, problems: list[Problem]) -> State:
    if any(problem.code not in _UNVOUCHED for problem in problems):
        return "Invalid"
    return "Trusted" if store.state == "Trusted" and not problems else "Valid"


def _problem(code: str, url: str, explanation: str, *, ingredient: str | None) -> Problem:
    name, text = _TEXTS.get(code, ("credentials-invalid", "The credentials do not hold."))
    if ingredient is not None:
        name = {"file-changed": "ingredient-changed"}.get(name, name)
        text = f"In “{ingredient}”, which this is made of: {text[0].lower()}{text[1:]}"
    label = url.rsplit("/", 1)[-1]
    return Problem(code=name, text=text, detail=plain(f"{code} {label}: {explanation}".strip()), ingredient=ingredient)


def _locate(path: Path) -> Payload | Problem:
    if path.stat().st_size == 0:
        return Problem(code="file-empty", text="This file is empty.")
    try:
        return locate(path)
    except PayloadError as problem:
        texts = {
            "not-audio": ("format-unsupported", "This is not a WAV, FLAC or MP3 file, so it carries no credentials."),
            "credentials-damaged": ("credentials-damaged", _DAMAGED),
            "damaged": ("file-damaged", "This file is damaged, and no credentials can be read from it."),
        }
        code, text = texts.get(problem.reason, (problem.reason, f"{str(problem)[0].upper()}{str(problem)[1:]}."))
        return Problem(code=code, text=text, detail=str(problem))


def _unread(path: Path, payload: Payload, why: str) -> Verification:
    if why == "":
        problem = Problem(
            code="no-credentials",
            text="This file carries no credentials: it was never signed, or they were removed.",
        )
        return Verification(state="NoCredentials", path=str(path), problems=(problem,))
    if payload.credentials:
        problem = Problem(code="credentials-damaged", text=_DAMAGED, detail=plain(why))
        return Verification(state="Invalid", path=str(path), problems=(problem,))
    problem = Problem(code="file-damaged", text="No credentials can be read from this file.", detail=plain(why))
    return Verification(state="NoCredentials", path=str(path), problems=(problem,))


def _with_place(path: Path, payload: Payload, store: Store, problems: list[Problem]) -> list[Problem]:
    """Say what was changed, and where, by the signed map of the sound."""
    try:
        signed = msgspec.convert(store.assertion(AUDIO_MAP), AudioMap)
    except msgspec.ValidationError:
        return problems
    duration_s = facts_of(store).duration_s
    try:
        spans = changed_spans(path, payload, signed)
    except OSError:
        return problems
    if not spans:
        text = "The tags or headers of this file were changed after it was signed; the data of its sound are untouched."
        made = Problem(code="tags-changed", text=text)
    elif len(spans) == 1 and spans[0] == (0, max(payload.length, signed.length)):
        text = "These credentials belong to other audio: no part of this file's sound is what was signed."
        made = Problem(code="audio-other", text=text)
    else:
        where = ", ".join(_span(start, end, payload, signed, duration_s) for start, end in spans[:4])
        more = f" and {len(spans) - 4} more places" if len(spans) > 4 else ""
        text = f"The audio was changed after it was signed, {where}{more}."
        if payload.length != signed.length:
            change = "longer" if payload.length > signed.length else "shorter"
            text = f"{text[:-1]}; it is {abs(payload.length - signed.length)} bytes {change}."
        made = Problem(code="audio-changed", text=text)
    kept = [each for each in problems if not (each.code == "file-changed" and each.ingredient is None)]
    detail = "; ".join(each.detail for each in problems if each not in kept)
    return [msgspec.structs.replace(made, detail=detail), *kept]


def _span(start: int, end: int, payload: Payload, signed: AudioMap, duration_s: float) -> str:
    place = f"bytes {payload.start + start}–{payload.start + end - 1}"
    if duration_s <= 0 or signed.length <= 0:
        return f"in {place}"
    first, last = (duration_s * min(each, signed.length) / signed.length for each in (start, end))
    return f"around {_clock(first)}–{_clock(last)} ({place})"


def _clock(at_s: float) -> str:
    return f"{int(at_s // 60)}:{at_s % 60:04.1f}"


def _share_problems(store: Store) -> list[Problem]:
    """Work the stated shares out again from the evidence beside them."""
    contributions = store.assertion(CONTRIBUTIONS)
    if not contributions:
        return []
    try:
        shares = recompute(parse_evidence(parsed(contributions.get("evidence"))))
    except RightsError as problem:
        return [
            Problem(code="shares-wrong", text="The stated shares cannot be worked out again.", detail=problem.message)
        ]
    for side, found in (("master", shares.master), ("publishing", shares.publishing)):
        stated = {
            as_text(as_dict(each).get("id")): as_dict(each).get("ppm") for each in as_list(contributions.get(side))
        }
        if stated != {share.id: share.ppm for share in found}:
            return [Problem(code="shares-wrong", text="The stated shares do not follow from the mix.", detail=side)]
    return []


def _no_file(path: Path, problem: OSError) -> ProvenanceError:
    if isinstance(problem, FileNotFoundError):
        return ProvenanceError(
            f"There is no file “{path.name}”.", remedy="Check its name and place.", code="file-missing"
        )
    return ProvenanceError(
        f"“{path.name}” cannot be read: {problem.strerror or problem}.",
        remedy="Check that it is a file and that you may read it.",
        code="file-unreadable",
    )
