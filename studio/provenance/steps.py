"""The steps of an export in the words of C2PA (actions) and of people (their descriptions)."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any, cast

from studio.base.canonical import CanonicalError, canonical_json
from studio.base.errors import ProvenanceError
from studio.provenance.inputs import ExportFacts, LicensedSource, ManifestInput, ModelFacts, OwnSource, StepFacts
from studio.rights.words import ratio, semitones, stem_word

TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = TERMS + "compositeWithTrainedAlgorithmicMedia"
COMPOSITE = TERMS + "compositeCapture"
CAPTURE = TERMS + "digitalCapture"
EDITED = TERMS + "humanEdits"

MAX_TEXT = 300

_ACTIONS: dict[str, str] = {
    "time_stretch": "c2pa.changedSpeed",
    "record": "org.contrafact.recorded",
    "pitch_shift": "org.contrafact.pitched",
}


def source_type(facts: ManifestInput) -> str:
    """The IPTC digital source type, derived from what was done: trained media only when a model made sound."""
    if any(step.generated and step.model_id is not None for step in facts.steps):
        return TRAINED
    if len(facts.sources) + len(facts.own) > 1:
        return COMPOSITE
    if not facts.sources and facts.own and all(own.recorded for own in facts.own):
        return CAPTURE
    return EDITED


def actions(facts: ManifestInput) -> list[dict[str, Any]]:
    """The actions in their order: created, what was placed, each step, the mix, the watermark, the encoding."""
    models = {model.id: model for model in facts.models}
    titles = {source.asset_sha256: source.title for source in facts.sources} | {own.id: own.title for own in facts.own}
    found: list[dict[str, Any]] = [
        {
            "action": "c2pa.created",
            "when": facts.created_at,
            "digitalSourceType": source_type(facts),
            "description": f"Made “{plain(facts.title)}” in Contrafact",
        }
    ]
    found += [_placed(source) for source in facts.sources]
    found += [_placed_own(own) for own in facts.own]
    found += [_step(step, titles, models) for step in facts.steps]
    found.append(_mixed(facts))
    if facts.watermark_id is not None:
        found.append({"action": "c2pa.watermarked.bound", "description": "Marked the sound with this export's id"})
    found.append(_encoded(facts.export))
    return found


def describe(step: StepFacts, titles: Mapping[str, str], models: Mapping[str, ModelFacts]) -> str:
    """A step in words: "Restyled the drums of “Low Tide Signal” as Bossa, intensity 0.7, seed 41 (Arrangement 1.2)"."""
    name = titles.get(step.source or "", "")
    of = f" of “{plain(name)}”" if name else ""
    stem = stem_word(step.stem or "mix")
    text = _verb(step, stem, of)
    details = [
        f"{key} {_value(step.parameters[key])}"
        for key in ("intensity", "seed")
        if isinstance(step.parameters.get(key), int | float)
    ]
    if details:
        text += ", " + ", ".join(details)
    model = models.get(step.model_id or "")
    if model is not None:
        text += f" ({plain(model.title or model.id)} {plain(model.version)})"
    return text[:MAX_TEXT]


def plain(text: str) -> str:
    """Text that cannot disturb a screen: one line, no control or direction characters, at most 300 characters."""
    kept = "".join(
        " " if character in "\n\r\t" else character
        for character in text[: 4 * MAX_TEXT]
        if character in "\n\r\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return " ".join(kept.split())[:MAX_TEXT]


def _verb(step: StepFacts, stem: str, of: str) -> str:
    parameters = step.parameters
    if step.operation.startswith("stem:"):
        word = stem_word(step.operation.removeprefix("stem:"))
        if step.model_id is None:
            return f"Took the {word}{of} as the label delivered it"
        return f"Separated the {word}{of}"
    if step.operation.startswith("style:"):
        style = parameters.get("style_name") or parameters.get("style")
        dressed = f" as {plain(str(style))}" if style else ""
        how = step.operation.removeprefix("style:")
        if parameters.get("edited_by_hand"):
            how += " by rules, edited by hand"
        return f"Restyled the {stem}{of}{dressed} ({how})"
    if step.operation == "pitch_shift":
        return f"Moved the pitch{of} by {_range(parameters, 'semitones', semitones)} semitones"
    if step.operation == "time_stretch":
        return f"Set the tempo{of} to {_range(parameters, 'tempo_ratio', ratio)} ×"
    if step.operation == "record":
        return f"Recorded the sound{of}"
    return f"{plain(step.operation)}{of}"


def _range(parameters: Mapping[str, Any], key: str, word: Any) -> str:
    value = parameters.get(key)
    if isinstance(value, int | float):
        return str(word(float(value)))
    if isinstance(value, list | tuple) and value:
        texts = [str(word(float(each))) for each in cast("list[float]", value)]
        return texts[0] if texts[0] == texts[-1] else f"{texts[0]} to {texts[-1]}"
    return "an unknown number of"


def _value(value: float) -> str:
    return f"{value:g}"


def _placed(source: LicensedSource) -> dict[str, Any]:
    parts = ", ".join(stem_word(stem) for stem in source.stems)
    return {
        "action": "c2pa.placed",
        "description": f"Used “{plain(source.title)}” by {plain(', '.join(source.artists))} ({parts})",
        "parameters": {"ingredientIds": [source.asset_sha256], "org.contrafact.stems": list(source.stems)},
    }


def _placed_own(own: OwnSource) -> dict[str, Any]:
    how = "recorded here" if own.recorded else "asserted by the user"
    return {
        "action": "c2pa.placed",
        "description": f"Used “{plain(own.title)}”, the user's own ({how})",
        "parameters": {"ingredientIds": [own.id]},
    }


def _step(step: StepFacts, titles: Mapping[str, str], models: Mapping[str, ModelFacts]) -> dict[str, Any]:
    if step.operation.startswith("stem:"):
        name = "org.contrafact.separated" if step.model_id else "org.contrafact.stem"
    elif step.operation.startswith("style:"):
        name = "org.contrafact.restyled"
    else:
        name = _ACTIONS.get(step.operation, "c2pa.edited")
    used = [each for each in (step.source, step.model_id) if each is not None and (each in titles or each in models)]
    action: dict[str, Any] = {
        "action": name,
        "when": step.at,
        "description": describe(step, titles, models),
        "parameters": {
            "ingredientIds": used,
            "org.contrafact.operation": step.operation,
            "org.contrafact.stem": step.stem or "",
            # Text, because readers of the C2PA library show lists of numbers as bytes.
            "org.contrafact.parameters": _frozen(step.parameters),
            "org.contrafact.provider": step.provider or "",
        },
    }
    if not used:
        del action["parameters"]["ingredientIds"]
    model = models.get(step.model_id or "")
    if model is not None:
        action["softwareAgent"] = {"name": model.id, "version": model.version}
        action["parameters"]["org.contrafact.model_digest"] = model.digest
    if step.generated:
        # New sound without a model is played by an algorithm, as a sampler plays notes.
        action["digitalSourceType"] = TERMS + ("algorithmicMedia" if model is None else "trainedAlgorithmicMedia")
    return action


def _frozen(parameters: Mapping[str, Any]) -> str:
    try:
        return canonical_json(parameters).decode("utf-8")
    except CanonicalError as problem:
        raise ProvenanceError(
            f"The credentials of this export cannot be written: a step's parameters are no plain values ({problem}).",
            remedy="Export again; if it stays, tell us, since this is a fault of the studio.",
        ) from problem


def _mixed(facts: ManifestInput) -> dict[str, Any]:
    export = facts.export
    return {
        "action": "c2pa.edited",
        "when": facts.created_at,
        "description": f"Mixed{_levels(export)}",
        "parameters": {
            "org.contrafact.operation": "mix",
            "org.contrafact.loudness_lufs": _rounded(export.loudness_lufs),
            "org.contrafact.true_peak_dbtp": _rounded(export.true_peak_dbtp),
            "org.contrafact.duration_s": round(export.duration_s, 3),
        },
    }


def _levels(export: ExportFacts) -> str:
    loudness, peak = _rounded(export.loudness_lufs), _rounded(export.true_peak_dbtp)
    if loudness is None or peak is None:
        return " (silence)"
    return f" to {loudness:.1f} LUFS, true peak {peak:.1f} dBTP".replace("-", "−")


def _rounded(value: float) -> float | None:
    # Silence is -inf LUFS, for which JSON has no word.
    return None if value == -math.inf else round(value, 2)


def _encoded(export: ExportFacts) -> dict[str, Any]:
    bits = f", {export.bits} bit" if export.bits is not None else ""
    return {
        "action": "c2pa.transcoded",
        "description": f"Written as {export.format.upper()}, {export.rate / 1000:g} kHz{bits}",
        "parameters": {
            "org.contrafact.operation": "encode",
            "org.contrafact.rate": export.rate,
            "org.contrafact.bits": export.bits or 0,
        },
    }
