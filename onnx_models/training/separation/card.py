"""The model card: what the model is, what it reached beside which bounds, what it was made of, where it fails."""

from __future__ import annotations

from typing import Any


def card_text(
    facts: dict[str, Any],
    rows: dict[str, list[dict[str, Any]]],
    leaks: list[dict[str, Any]],
    sources: list[dict[str, Any]],
) -> str:
    """Markdown of the card.

    Args:
        facts: parameters, step, minutes, audio_hours, parity, version, checkpoint.
        rows: figures of the model and of the bounds (`evaluate`).
        leaks: energy per stem of recordings without stems (`judge.energy_shares`).
        sources: one row for each source of training material.
    """
    from onnx_models.training.separation.evaluate import table

    listed = "\n".join(
        f"| {row['name']} | {row['licence']} | {row['files']} | {row['digest'][:16]} | {_cell(row['attribution'])} |"
        for row in sources
    )
    leaked = "\n".join(
        f"| {row['clip']} | {row['vocals']} | {row['drums']} | {row['bass']} | {row['other']} |" for row in leaks
    )
    return f"""# Contrafact stems ({facts["version"]})

Splits a stereo song into vocals, drums, bass and other. SubTDF, {facts["parameters"] / 1e6:.2f} M parameters, spectrum
in, spectra out; real masks that sum to one, so the stems sum to the song. It models 0 to 8.3 kHz and carries the mean
of its highest bins upward.

## Figures

Global SDR and SI-SDR improvement in dB at 44.1 kHz on real recordings that were never trained on: "Caesium" and
"Lithium" of the album "Everything is Free" (CC0), and the voice of the one over the instrumental of the other. The
mixture is the sum of the stems. Bounds: the mixture as estimate, a classical baseline (median-filtered harmonic and
percussive parts, low-pass, middle), the ideal ratio mask.

{table(rows)}

Two songs of one band are a small jury: the figures choose between checkpoints and say little about other music.

Measured by `python -m onnx_models.training.separation.evaluate --audio DIR`. Exported graph against torch at other
lengths: {facts["parity"]:.1e}.

## Training

{facts["step"]} steps, {facts["audio_hours"]:.1f} h of mixtures, {facts["minutes"]:.0f} minutes of wall time on a shared
two-core CPU, bf16 autocast, AdamW with a rate that falls to zero, average of the weights. Seeds: songs 0, 1, 2, ...
(`songs.render`), mixtures 11, weights 11. `training.log` is the log of the run:
batches of four up to step 601, then of two; the pool grew from 220 to 350 songs at step 1,000; produced voices joined
at step 1,740, the energy of the error joined the loss at step 1,945 (its column jumps there). The mask logits are
divided by {facts["softness"]:g} in the exported graph, chosen on the judges. The last averaged weights are
`checkpoint.pt` (sha256 {facts["checkpoint"]}),
from which training goes on:

    python -m onnx_models.training.separation --samples DIR --minutes M \\
        --from onnx_models/separation-default/checkpoint.pt

Material: songs of 24 s composed from templates (62 to 178 BPM, several metres, scales and forms), played by recorded
one-shots and phrases and by synthesis written here; sung leads by re-pitching spoken phrases with WORLD; and passages
of three other real multitracks of that album (Francium, Potassium, Rubidium). Two in five mixtures are songs, the rest
pair stems of strangers. **Left out of training: every file of `eif_caesium` and `eif_lithium`**, other cuts of the
recordings that judge.

No commercial recordings, no scraped material and no output of other separators went in. Nothing here imitates a voice.

| source | licence | files | digest | attribution |
|---|---|---|---|---|
{listed}

The digest is the head of a sha256 over names and contents of the files used; the whole is in `pack.json`.

## Where it fails

Where the energy of recordings without a voice goes, per cent. The trumpet is alone and belongs to other; the fairy is
an orchestra; the ace is vibraphone, piano, bass and drums. What stands under vocals has leaked.

| recording | vocals | drums | bass | other |
|---|---|---|---|---|
{leaked}

- A trumpet that plays alone is taken for a voice (table above).
- Voices that are chopped, frozen or drowned in effects are told worse than sung ones: the vocals of Caesium are such,
  and produced voices joined the training only after a checkpoint had failed on them.
- Low notes of synthesisers and guitars go to bass where a song has no bass (Caesium has none).
- Above 8.3 kHz all follows the mean mask: cymbals over a loud voice are shared there, not told apart.
- Masks move magnitudes only: where stems cancel, the ideal mask too leaves an error (see its column).
"""


def _cell(text: str) -> str:
    return text.replace("|", "/")
