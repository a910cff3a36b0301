"""Models on this computer: list, add one's own, verify, measure, remove."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine.errors import PackError
from engine.inference.adding import Papers
from engine.inference.recognise import Guess
from studio.cli.console import HomeOption, JsonFlag, opened, out, print_json, table, with_progress
from studio.flows import models
from studio.flows.media import TaskContext
from studio.session import Session

app = typer.Typer(help="Model packs.", no_args_is_help=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add these commands to `parent`."""
    parent.add_typer(app, name="models")


@app.command(name="list")
def list_models(home: HomeOption = None, json: JsonFlag = False) -> None:
    """List the models on this computer, with where they come from and their licence."""
    with opened(home, None, as_json=json) as session:
        packs = models.known(session.services)
        if json:
            print_json([msgspec.to_builtins(pack) | {"rights": list_rights(session, pack.id)} for pack in packs])
            return
        rows = [(p.id, p.version, p.kind, ", ".join(p.stems), p.origin, p.licence) for p in packs]
        out(table(rows, header=("id", "version", "kind", "stems", "origin", "licence")))
        for each in models.damaged(session.services):
            out(f"✗ {each.id} is damaged and is not used: {each.message} {each.remedy}")


def list_rights(session: Session, pack_id: str) -> Any:
    """The rights of a pack as its ``pack.json`` has them."""
    return msgspec.to_builtins(session.services.pack(pack_id).rights)


@app.command()
def verify(
    pack: Annotated[str | None, typer.Argument(help="Id of a pack; all if absent.")] = None,
    provider: Annotated[str, typer.Option(help="Where the self-test runs: cpu, cuda or tensorrt.")] = "cpu",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Check packs: files, digests, graph, and the self-test against stored numbers."""
    with opened(home, None, as_json=json) as session:
        results: dict[str, Any] = {}
        for name, folder in models.folders(session.services, pack).items():
            task = {"pack_dir": str(folder), "provider": provider}
            results[name] = session.services.inference.run("engine.inference.packs:verify_pack_task", task)
        passed = all(check.passed for checks in results.values() for check in checks)
        if json:
            print_json({"passed": passed, "packs": results})
        else:
            for name, checks in results.items():
                for check in checks:
                    out(f"{'✓' if check.passed else '✗'} {name}: {check.name}, {check.detail}")
        if not passed:
            raise typer.Exit(1)


@app.command()
def add(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="An ONNX file (or one for each stem), or a pack: a zip or a folder."),
    ],
    title: Annotated[str | None, typer.Option(help="How the model is shown; its file name if absent.")] = None,
    id: Annotated[str | None, typer.Option(help="Id of the new pack; made from the title if absent.")] = None,
    family: Annotated[str | None, typer.Option(help="How the graph is run, where that is not recognised.")] = None,
    stems: Annotated[str | None, typer.Option(help="Stems in the graph's order, separated by commas.")] = None,
    n_fft: Annotated[int | None, typer.Option(min=64, max=65536, help="Size of the transform.")] = None,
    hop: Annotated[int | None, typer.Option(min=16, max=65536, help="Step of the transform.")] = None,
    rate: Annotated[int | None, typer.Option(min=8000, max=192000, help="Sample rate of the model, in Hz.")] = None,
    compensate: Annotated[
        float | None, typer.Option(min=0.1, max=4.0, help="Factor of an MDX-Net model's complement.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, as far as you know.")] = None,
    holder: Annotated[str | None, typer.Option(help="Who holds the rights in the weights.")] = None,
    commercial: Annotated[bool, typer.Option("--commercial", help="The licence allows commercial use.")] = False,
    training: Annotated[str | None, typer.Option(help="What the model was trained on.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a model of the same id that was added.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what was recognised.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Add a model of your own. What was recognised is shown; on a terminal you are asked for the rest.

    Examples: `contrafact models add vocals.onnx`, `contrafact models add umx/*.onnx --licence MIT`,
    `contrafact models add net.onnx --family mdx23c --stems vocals,instrumental --n-fft 8192`.
    """
    with opened(home, None, as_json=json) as session:
        services = session.services
        if len(files) == 1 and models.is_pack(files[0]):
            made = with_progress(
                "Adding", lambda ctx: models.add_pack(services, files[0], ctx, replace=replace), quiet=json
            )
        else:
            asking = sys.stdin.isatty() and sys.stderr.isatty() and not (yes or json)
            chosen = {
                "family": family,
                "stems": tuple(part.strip() for part in stems.split(",") if part.strip()) if stems else None,
                "n_fft": n_fft,
                "hop": hop,
                "rate": rate,
                "compensate": compensate,
            }

            def work(context: TaskContext) -> models.KnownPack:
                guess = _settled(services, files, chosen, context, asking=asking)
                papers = _papers(licence, holder, commercial, training, asking=asking)
                return models.add_graph(services, files, guess, papers, context, title=title, id=id, replace=replace)

            made = with_progress("Adding", work, quiet=json or asking)
        if json:
            print_json(made)
            return
        out(f"added {made.id}: {', '.join(made.stems)} ({made.family}, {made.origin})")
        out(f"licence of the weights: {made.licence}; holder: {made.holder}")
        if made.origin == "user-brought":
            out("What this model makes will say in its manifest that you brought it, and under which licence.")


def _settled(services: Any, files: list[Path], chosen: dict[str, Any], context: TaskContext, *, asking: bool) -> Guess:
    """What was recognised, with what flags and answers say otherwise."""
    given = {key: value for key, value in chosen.items() if value is not None}
    try:
        guess = models.inspect(services, files, context)
    except PackError as error:
        if error.code != "model-unrecognised" or not {"family", "stems"} <= given.keys():
            raise
        guess = Guess(family=given["family"], stems=given["stems"], why="As the person who added it said.")
    guess = msgspec.structs.replace(guess, **given)
    open_ = [name for name in guess.open if name not in given]
    if not asking:
        return msgspec.structs.replace(guess, open=tuple(open_))
    sys.stderr.write(f"{guess.why}\n")
    answers: dict[str, Any] = {}
    titles = {
        "stems": "Stems in the graph's order",
        "n_fft": "Size of the transform",
        "hop": "Step of the transform",
        "compensate": "Factor of the complement",
    }
    for name in open_:
        value: Any = getattr(guess, name)
        shown: Any = ",".join(guess.stems) if name == "stems" else value
        answer = typer.prompt(titles.get(name, name), default=shown, err=True)
        if name == "stems":
            answers[name] = tuple(part.strip() for part in str(answer).split(",") if part.strip())
        else:
            answers[name] = type(value)(answer)
    return msgspec.structs.replace(guess, **answers)


def _papers(licence: str | None, holder: str | None, commercial: bool, training: str | None, *, asking: bool) -> Papers:
    """The rights of a model that was brought, from flags and, on a terminal, from answers."""
    fresh = Papers()
    if asking and licence is None:
        licence = typer.prompt("Licence of the weights", default=fresh.licence, err=True)
    if asking and holder is None:
        holder = typer.prompt("Who holds the rights", default=fresh.holder, err=True)
    return Papers(
        licence=licence or fresh.licence,
        holder=holder or fresh.holder,
        commercial=commercial,
        training=training or fresh.training,
    )


@app.command()
def remove(
    pack: Annotated[str, typer.Argument(help="Id of a model that was added.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Remove a model that was added on this computer."""
    with opened(home, None, as_json=json) as session:
        models.remove(session.services, pack)
        if json:
            print_json({"removed": pack})
        else:
            out(f"removed {pack}")


@app.command()
def bench(
    pack: Annotated[str, typer.Argument(help="Id of a model for splitting.")] = "separation-default",
    seconds: Annotated[float, typer.Option(min=5.0, max=600.0, help="How much sound to split.")] = 30.0,
    provider: Annotated[str, typer.Option(help="auto, cpu, cuda or tensorrt.")] = "auto",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Measure how fast a model runs here: real-time factor and time to the first sound."""
    with opened(home, None, as_json=json) as session:
        found = session.services.pack(pack)
        result = session.services.inference.run(
            "engine.inference.measure:measure_task",
            {
                "pack_dir": found.folder,
                "provider": provider,
                "seconds": seconds,
                "folder": str(session.services.paths.scratch),
            },
        )
        if json:
            print_json(result)
        else:
            out(
                f"{found.id} on {result.provider}: real-time factor {result.rtf:.3f}, "
                f"first sound after {result.first_stem_s:.2f} s"
            )
            if result.notice:
                out(f"note: {result.notice}")
