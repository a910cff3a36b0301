"""Styles: list and keep them, play a song in one, in several, or for longer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from studio.base.errors import StudioError
from studio.cli.console import (
    HomeOption,
    JsonFlag,
    PlatformOption,
    Terminal,
    opened,
    out,
    plural,
    print_json,
    said_as_json,
    table,
    with_progress,
)
from studio.flows import restyle_files
from studio.flows import styles as styles_flow
from studio.flows.vocals import HARMONIES

ProviderOption = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where the model runs.")]
InputArg = Annotated[str, typer.Argument(metavar="INPUT", help="An audio file of your own, or the id of a recording.")]
KeepOption = Annotated[str, typer.Option(help="Stems that stay as they are, separated by commas.")]
StyleArg = Annotated[str, typer.Argument(metavar="STYLE", help="Id of the style.")]

app = typer.Typer(help="List the styles, and keep your own.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add these commands to `parent`."""
    parent.add_typer(app, name="styles")
    parent.command()(restyle)
    parent.command()(timbre)
    parent.command()(extend)
    parent.command()(vocals)


@app.callback(invoke_without_command=True)
def styles(context: typer.Context, home: HomeOption = None, json: JsonFlag = False) -> None:
    """List the styles: those of the program and your own."""
    if context.invoked_subcommand is not None:
        return
    with opened(home, None, as_json=json) as session:
        known = session.styles()
        if json:
            print_json(known)
        else:
            out(table([(s.id, s.name, s.description) for s in known], header=("id", "name", "description")))


@app.command()
def show(style: StyleArg, home: HomeOption = None) -> None:
    """Print a style as JSON: a copy with another id is the beginning of a style of your own."""
    with opened(home, None, as_json=True) as session:
        print_json(session.style(style))


@app.command()
def add(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A style file, or with --like any recording.")],
    like: Annotated[bool, typer.Option("--like", help="Take the production of a recording as a style.")] = False,
    name: Annotated[str, typer.Option(help="Name of the style, with --like.")] = "",
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Keep a style of your own: a JSON file that is checked first, or with --like how a recording is mixed.

    Example: contrafact styles add my-house.json; contrafact styles add --like reference.wav --name "Dark and close"
    """
    with opened(home, platform, as_json=json) as session:
        if like:
            made = with_progress(
                "Listening",
                lambda ctx: restyle_files.style_like(session.services, source, ctx, name=name),
                quiet=json,
            )
        else:
            made = styles_flow.add_style(session.services, Path(source))
        if json:
            print_json(made.info)
        else:
            out(f"{made.id}: {made.name}")


@app.command()
def remove(style: StyleArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Forget a style of your own; what was made with it stays."""
    with opened(home, None, as_json=json) as session:
        session.remove_style(style)
        if json:
            print_json({"removed": style})


@app.command()
def preview(
    style: StyleArg,
    out_file: Annotated[Path, typer.Option("--out", help="A .wav file to write.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Play a few bars of a style, without a song."""
    with opened(home, None, as_json=json) as session:

        def work(ctx: Terminal) -> Path:
            pcm = styles_flow.preview(session.services, style, ctx)
            session.services.io.run(
                "studio.flows.tasks:write_float_wav", {"pcm": pcm, "out_path": str(out_file.absolute())}
            )
            return out_file

        made = with_progress("Playing", work, quiet=json)
        if json:
            print_json({"out": str(made), "style": style})
        else:
            out(str(made))


def restyle(
    source: InputArg,
    out_file: Annotated[
        Path, typer.Option("--out", help="The file to write (.wav, .flac or .mp3); with --variations a folder.")
    ],
    style: Annotated[str, typer.Option(help="Id of the style; with --variations several or none.")] = "",
    like: Annotated[
        str, typer.Option("--like", metavar="REFERENCE", help="Mix it like this file or recording instead.")
    ] = "",
    variations: Annotated[int, typer.Option(min=0, max=24, help="Make so many that differ.")] = 0,
    intensity: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="0 changes nothing, 1 is the style in full.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="0 is the style as written; another number, another variation.")] = 0,
    keep: KeepOption = "vocals",
    midi: Annotated[
        Path | None, typer.Option("--midi", metavar="DIR", help="Write the new parts as MIDI files into this folder.")
    ] = None,
    provider: ProviderOption = "auto",
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Play a song in another style; the result is signed and says what it is made of.

    Examples: contrafact restyle song.wav --style house --out house.wav;
    contrafact restyle song.wav --variations 6 --out folder; contrafact restyle song.wav --like hit.flac --out mix.wav
    """
    kept = tuple(word.strip() for word in keep.split(",") if word.strip())
    with opened(home, platform, as_json=json) as session:
        if variations and midi is not None:
            raise StudioError(
                "MIDI files are written of one restyle, not of variations.",
                remedy="Leave --variations out; --seed N makes the variation that you want.",
                code="style-invalid",
            )
        if variations:
            several = with_progress(
                "Making variations",
                lambda ctx: restyle_files.variations_to_folder(
                    session.services,
                    source,
                    out_file,
                    ctx,
                    count=variations,
                    style_ids=[word.strip() for word in style.split(",") if word.strip()],
                    intensity=intensity,
                    seed=seed,
                    keep=kept,
                    provider=provider,
                ),
                quiet=json,
            )
            if said_as_json(several, as_json=json):
                return
            rows = [(f.out, f.style, str(f.seed), f"{f.change:.2f}", f"{f.nearest:.2f}") for f in several.files]
            out(table(rows, header=("file", "style", "seed", "changes", "nearest")))
            return
        if bool(style) == bool(like):
            raise StudioError(
                "A restyle needs a style or a reference.",
                remedy="Give --style ID or --like FILE, one of the two.",
                code="style-unknown",
            )
        result = with_progress(
            "Restyling",
            lambda ctx: restyle_files.restyle_to_file(
                session.services,
                source,
                out_file,
                ctx,
                style=style,
                like_text=like,
                intensity=intensity,
                seed=seed,
                keep=kept,
                provider=provider,
                midi=midi,
            ),
            quiet=json,
        )
        if said_as_json(result, as_json=json):
            return
        for each in result.midi:
            out(each)
        out(
            f"{result.out}: {result.style} at {result.tempo_bpm:.1f} BPM in {result.key or 'no clear key'}, "
            f"{result.state}, {result.lufs:.1f} LUFS"
        )


def timbre(
    source: InputArg,
    name: Annotated[str, typer.Option("--as", help="saxophone, flute, strings, horn, saw, organ or vibraphone.")],
    out_file: Annotated[Path, typer.Option("--out", help="The file to write: .wav, .flac or .mp3.")],
    stem: Annotated[
        Literal["vocals", "drums", "bass", "other"], typer.Option(help="Whose line the instrument plays.")
    ] = "vocals",
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Let an instrument play what a stem sings; all else stays.

    Example: contrafact timbre song.wav --as saxophone --out sax.wav
    """
    with opened(home, platform, as_json=json) as session:
        result = with_progress(
            "Playing",
            lambda ctx: restyle_files.timbre_to_file(session.services, source, out_file, ctx, timbre=name, stem=stem),
            quiet=json,
        )
        if said_as_json(result, as_json=json):
            return
        out(f"{result.out}: {result.notes} notes of {result.stem} on {result.timbre}, {result.state}")


def extend(
    source: InputArg,
    out_file: Annotated[Path, typer.Option("--out", help="The file to write: .wav, .flac or .mp3.")],
    minutes: Annotated[float, typer.Option(help="About how long: 0.25 to 600.")],
    energy: Annotated[
        Literal["flat", "rise", "fall", "wave", "arc"], typer.Option(help="How the energy goes over the whole.")
    ] = "flat",
    style: Annotated[str, typer.Option(help="Restyle it first.")] = "",
    seed: Annotated[int, typer.Option(help="Another number gives another way.")] = 0,
    keep: KeepOption = "vocals",
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Make a longer version, joined where the music is alike: an extended mix, or music to work to.

    Example: contrafact extend song.wav --minutes 30 --energy wave --style ambient --out focus.flac
    """
    kept = tuple(word.strip() for word in keep.split(",") if word.strip())
    with opened(home, platform, as_json=json) as session:
        result = with_progress(
            "Extending",
            lambda ctx: restyle_files.extend_to_file(
                session.services,
                source,
                out_file,
                ctx,
                minutes=minutes,
                energy=energy,
                seed=seed,
                style=style,
                keep=kept,
            ),
            quiet=json,
        )
        if said_as_json(result, as_json=json):
            return
        out(
            f"{result.out}: {result.length_s / 60.0:.1f} minutes in {result.pieces} pieces, "
            f"roughest seam {result.worst_seam:.2f}, {result.state}, {result.lufs:.1f} LUFS"
        )


def vocals(
    source: InputArg,
    voice: Annotated[Path, typer.Argument(metavar="VOICE", help="A recording of a voice, your own or with consent.")],
    out_file: Annotated[Path, typer.Option("--out", help="The file to write: .wav, .flac or .mp3.")],
    at: Annotated[float, typer.Option(help="Where the recording begins in the song, in seconds.")] = 0.0,
    harmony: Annotated[
        str, typer.Option(help=f"Doubles in harmony, separated by commas: {', '.join(HARMONIES)}.")
    ] = "",
    pitch: Annotated[bool, typer.Option(help="Bring the voice into the song's key and tuning.")] = True,
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Put a recorded voice on a song: on its beats, in its key, with harmonies where they are wanted.

    Example: contrafact vocals song.wav take.wav --at 12.5 --harmony third-above,sixth-below --out cover.wav
    """
    wanted = [word.strip() for word in harmony.split(",") if word.strip()]
    with opened(home, platform, as_json=json) as session:
        result = with_progress(
            "Aligning",
            lambda ctx: restyle_files.vocals_to_file(
                session.services, source, voice, out_file, ctx, at_s=at, harmonies=wanted, pitch=pitch
            ),
            quiet=json,
        )
        if said_as_json(result, as_json=json):
            return
        done = result.aligned
        out(
            f"{result.out}: moved by {done.moved_s:+.3f} s in {plural(done.phrases, 'phrase')}, by "
            f"{done.semitones + 0.0:+.2f} semitones to {done.key or 'no clear key'}, "
            f"{plural(len(result.harmonies), 'harmony', 'harmonies')}, {result.state}"
        )
