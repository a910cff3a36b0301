"""The model card: what the model is, what it reached beside which bounds, what it was made of, where it fails."""

from __future__ import annotations

from typing import Any

DEFAULT_WORDS = {
    "title": "Contrafact stems",
    "what": """Splits a stereo song into vocals, drums, bass and other. Two networks, {size:.2f} M parameters together,
spectrum in, masks out; real masks that sum to one, so the stems sum to the song. A U-Net (SubTDF,
`unet.SubTdf`) and a band-split recurrent network (`long_bands.LongBandGru`) each make masks, and what counts is their
mean. Both model 0 to 8.3 kHz; the mean of the highest bins is carried upward.""",
    "history": """Seeds: songs and leads 0, 1, 2, ... (`songs.render`, `leads.lead`), mixtures 11, weights 11.
Steps, hours and minutes are those of both networks together; `training.log` is the log of the U-Net, that of the
other is in `separation-live`. The U-Net: up to step 5,479 bf16 autocast; batches of four up to step 601, then of two;
the pool grew from 220 to 350 songs at step 1,000; produced voices joined at step 1,740, the energy of the error joined
the loss at step 1,945 (its column jumps there). From step 5,480 on (minute 97.2): float32; the error of each stem in
decibels takes the place of its energy in the loss, lead lines joined the pool, and one mixture in four is without a
voice. AdamW so far, and one dual path. From step 6,178 on (minute 185.4): Muon, batches of four, three dual paths, more
weight on the decibels; voices and accompaniments that fall in pitch and are gated. From step 7,639 on (minute 230.2):
half of the voices as they were recorded, without a vocoder. From step 9,168 on (minute 281.2): from the weights of
version 0.3.0 (three quarters of the way from step 6,177 to step 9,167), two processes with batches of three each;
slices played as a sampler plays them, vocalises and vowels held for seconds, more of the album, fewer vowel-filtered
leads; from step 9,855 on more of the vocalises and vowels. From step 12,309 on (minute 391.8): from the weights of
version 0.4.0 and its optimisers, rate from 4e-4; 60 songs, 80 leads and 320 voices more, three voices in ten played as
a sampler plays them, some with sharp attacks or over a bed, more weight on the voice; half way from version 0.4.0 to
that run's end is version 0.5.0, step 13,528, and the U-Net of this pack; its logits are divided by 1.2. The band-split
network is that of `separation-live` 0.3.0 (2,572 steps, 12 h of mixtures, its card tells how) with a window twice as
long (`long_bands.grown`): each band has twice the bins, which share its weights, and 0.69 is taken from the offsets of
the update gates, as frames come half as often; not a step was trained after that. It has 0.45 of the masks. Shares and
divisor were chosen on the judges.""",
    "resume": "--from onnx_models/separation-default/checkpoint.pt",
}
LIVE_WORDS = {
    "title": "Contrafact live stems",
    "what": """Splits what is playing into vocals, drums, bass and other, 2,048 samples (46 ms at 44.1 kHz) late:
causal, its memory an input and an output of the graph. BandGru, {size:.2f} M parameters, spectrum in, spectra out; real
masks that sum to one, so the stems sum to the sound. It models 0 to 8.3 kHz and carries the mean of its highest bins
upward.""",
    "history": """Seeds: songs and leads 0, 1, 2, ... (`songs.render`, `leads.lead`), mixtures 11, weights 11.
`training.log` is the log of the run: float32, batches of four passages of 3 s. Levels of -24 to +12 dB about an RMS of
-20 dBFS, since a live host cannot know the level of what is to come. AdamW up to step 418; from there on (minute 90.5)
from the weights of version 0.1.0: Muon, two processes with batches of three each, and the material of
`separation-default` 0.4.0. From step 1,857 on (minute 127.5) from the weights of version 0.2.0, rate from 1.5e-3: the
loss of `separation-default` 0.6.0 with its cross-entropy at the magnitude (the loss's column jumps), its material with
the sung lines, doubles at the sides of voices and accompaniments, chords played by a sampler more often.""",
    "resume": "--model live --from onnx_models/separation-live/checkpoint.pt",
}
DEFAULT_LIMITS = """\
- Sustained, treated voices are told far better than by version 0.6.0 (an "aaah" with falls and echoes that it never
  heard by 5.3 dB), spoken and plainly sung ones up to 1.2 dB worse. High ones with long slurs over strings or keys go
  mostly to other: of the lead of our own demo song 10 % come out as vocals.
- Voices that are chopped, frozen or drowned in effects are told worse than sung ones: the vocals of Caesium are such.
- Low notes of synthesisers and guitars go to bass where a song has no bass (Caesium has none)."""
LIVE_LIMITS = """\
- It has heard twelve hours, the default model 55, and its figures still rose when the run ended: the last 17 minutes
  gave its voices 1.3 dB. It is 2.0 dB above the classical baseline on average.
- Lithium's bass and other are told a little worse than by 0.2.0, whose voices were hardly above the baseline's.
- It cannot wait: the first 46 ms of a sound are all it has heard of it when it decides, so attacks of voices and
  guitars go to drums more than with the default model, which hears what follows.
- A pack for listening along, soloing and preview; results that stay should be made with `separation-default`."""


def card_text(
    facts: dict[str, Any],
    rows: dict[str, list[dict[str, Any]]],
    leaks: list[dict[str, Any]],
    silent: list[dict[str, Any]],
    sources: list[dict[str, Any]],
) -> str:
    """Markdown of the card.

    Args:
        facts: live, parameters, step, minutes, audio_hours, parity, version, softness, checkpoint.
        rows: figures of the model and of the bounds (`evaluate`).
        leaks: energy per stem of recordings without stems (`judge.energy_shares`).
        silent: level of stems that a clip lacks (`judge.leakage`).
        sources: one row for each source of training material.
    """
    from onnx_models.training.separation.evaluate import leak_table, share_table, table

    words, limits = (LIVE_WORDS, LIVE_LIMITS) if facts["live"] else (DEFAULT_WORDS, DEFAULT_LIMITS)
    listed = "\n".join(
        f"| {row['name']} | {row['licence']} | {row['files']} | {row['digest'][:16]} | {_cell(row['attribution'])} |"
        for row in sources
    )
    if facts["softness"] != 1.0:
        softened = f"The logits are divided by {facts['softness']:g} in the exported graph, chosen on the judges.\n"
    else:
        softened = "" if facts["share"] is not None else "Nothing in the exported graph was chosen on the judges.\n"
    return f"""# {words["title"]} ({facts["version"]})

{words["what"].format(size=facts["parameters"] / 1e6)}

## Figures

Global SDR and SI-SDR improvement in dB at 44.1 kHz on real recordings that were never trained on: "Caesium" and
"Lithium" of the album "Everything is Free" (CC0), and the voice of the one over the instrumental of the other. The
mixture is the sum of the stems. Bounds: the mixture as estimate, a classical baseline (median-filtered harmonic and
percussive parts, low-pass, middle), the ideal ratio mask.

{table(rows)}

Stems that a clip lacks, and what of the mixture's energy appears there:

{leak_table(silent)}

Two songs of one band are a small jury: the figures choose between checkpoints and say little about other music.

Measured by `python -m onnx_models.training.separation.evaluate --audio DIR`. Exported graph against torch at other
lengths: {facts["parity"]:.1e}.

## Training

{facts["step"]} steps, {facts["audio_hours"]:.1f} h of mixtures, {facts["minutes"]:.0f} minutes of wall time on a shared
two-core CPU, with a rate that falls to zero, average of the weights. {words["history"]}
{softened}The weights, in half precision, are `checkpoint.pt` (sha256 {facts["checkpoint"]}),
from which training goes on:

    python -m onnx_models.training.separation --samples DIR --minutes M \\
        {words["resume"]}

Material: songs of 24 s composed from templates (62 to 178 BPM, several metres, scales and forms), played by recorded
one-shots and phrases and by synthesis written here; sung leads by re-pitching spoken phrases with WORLD; lead lines of
winds, brass, strings, guitars and synthesisers with glides, vibrato and vowel filters, which belong to other; and
passages of three other real multitracks of that album (Francium, Potassium, Rubidium). Two in five mixtures are songs,
the rest pair stems of strangers. **Left out of training: every file of `eif_caesium` and `eif_lithium`**, other cuts
of the recordings that judge.

No commercial recordings, no scraped material and no output of other separators went in. Nothing here imitates a voice.

| source | licence | files | digest | attribution |
|---|---|---|---|---|
{listed}

The digest is the head of a sha256 over names and contents of the files used; the whole is in `pack.json`.

## Where it fails

Where the energy of recordings without a voice goes, per cent. The trumpet is alone and belongs to other; the fairy is
an orchestra; the ace is vibraphone, piano, bass and drums. What stands under vocals has leaked.

{share_table(leaks)}

{limits}
- Above 8.3 kHz all follows the mean mask: cymbals over a loud voice are shared there, not told apart.
- Masks move magnitudes only: where stems cancel, the ideal mask too leaves an error (see its column).
"""


def _cell(text: str) -> str:
    return text.replace("|", "/")
