"""VST3 plug-ins: scan, list, block."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studio.base.paths import AppPaths
from studio.cli.console import HomeOption, JsonFlag, errors_shown, out, print_json, table, with_progress
from studio.flows.plugins import open_catalogue

if TYPE_CHECKING:
    from engine.plugins import Catalogue, Entry

plugins_app = typer.Typer(
    help="VST3 plug-ins, an extra: pip install contrafact[vst3].",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="Name or path of the plug-in, as “contrafact plugins list” shows it.")]


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    plugins_app.command()(scan)
    plugins_app.command(name="list")(list_)
    plugins_app.command()(block)
    plugins_app.command()(unblock)
    app.add_typer(plugins_app, name="plugins")


def _catalogue(home: Path | None) -> Catalogue:
    paths = AppPaths.open(home)
    try:
        return open_catalogue(paths)
    finally:
        # Only the scratch folder goes; the catalogue rests elsewhere.
        paths.close()


def scan(
    folder: Annotated[
        list[Path] | None, typer.Option(help="Scan this folder too, now and later. Repeatable.", show_default=False)
    ] = None,
    forget: Annotated[
        list[Path] | None, typer.Option(help="Do not scan this folder any more. Repeatable.", show_default=False)
    ] = None,
    standard: Annotated[bool, typer.Option(help="Scan the system's folders for plug-ins.")] = True,
    again: Annotated[bool, typer.Option("--again", help="Look also into files that have not changed.")] = False,
    limit: Annotated[float, typer.Option(min=1.0, help="Seconds after which a file is given up and blocked.")] = 30.0,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Find plug-ins. Each file is looked into by a process of its own, so that a bad one harms nothing; one that
    crashes or hangs is put on the block list. Exit code 0 also when some could not be loaded.

    Example: contrafact plugins scan --folder ~/plugins
    """
    with errors_shown(as_json=json):
        catalogue = _catalogue(home)
        gone = {str(path.expanduser().absolute()) for path in forget or ()}
        chosen = [*catalogue.folders, *(str(path.expanduser().absolute()) for path in folder or ())]
        if folder or forget:
            catalogue.set_folders(path for path in chosen if path not in gone)
        findings = with_progress(
            "Plug-ins",
            lambda terminal: catalogue.scan(
                standard=standard,
                again=again,
                limit_s=limit,
                progress=terminal.progress,
                cancelled=lambda: terminal.cancelled,
            ),
            quiet=json,
        )
        blocked = [entry for entry in catalogue.entries if entry.blocked]
        if json:
            print_json(
                {
                    "looked_into": [
                        {
                            "path": finding.path,
                            "plugins": [plugin.name for plugin in finding.plugins],
                            "problem": finding.problem,
                            "code": finding.code,
                        }
                        for finding in findings
                    ],
                    "plugins": len(catalogue.plugins),
                    "blocked": [entry.finding.path for entry in blocked],
                }
            )
            return
        for finding in findings:
            names = ", ".join(plugin.name for plugin in finding.plugins)
            out(f"✗ {finding.path}: {finding.problem}" if finding.problem else f"✓ {names}")
        out(f"{len(catalogue.plugins)} plug-ins, {len(blocked)} files blocked; {len(findings)} files looked into now.")


def list_(
    parameters: Annotated[bool, typer.Option("--parameters", help="Show each plug-in's parameters too.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """List the plug-ins that were found, and the files that are blocked or could not be loaded."""
    with errors_shown(as_json=json):
        catalogue = _catalogue(home)
        others = [entry for entry in catalogue.entries if entry.blocked or entry.finding.problem]
        if json:
            print_json({"plugins": list(catalogue.plugins), "unusable": [_unusable(entry) for entry in others]})
            return
        if not catalogue.plugins:
            out("No plug-ins are known. Find them with: contrafact plugins scan")
        else:
            rows = [
                (p.name, p.vendor, p.version, p.category, f"{p.latency_frames} frames", p.path)
                for p in catalogue.plugins
            ]
            out(table(rows, header=("name", "maker", "version", "kind", "latency", "file")))
        if parameters:
            for plugin in catalogue.plugins:
                out(f"\n{plugin.name}")
                out(
                    table(
                        [
                            (f"  {p.id}", p.name, p.text, f"{p.minimum} to {p.maximum}", p.unit)
                            for p in plugin.parameters
                        ],
                        header=("  id", "name", "default", "range", "unit"),
                    )
                )
        for entry in others:
            state = "blocked" if entry.blocked else "not usable"
            out(f"{state}: {entry.finding.path}: {entry.blocked or entry.finding.problem}")


def _unusable(entry: Entry) -> dict[str, Any]:
    return {
        "path": entry.finding.path,
        "problem": entry.blocked or entry.finding.problem,
        "code": entry.finding.code,
        "blocked": bool(entry.blocked),
    }


def block(name: Name, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Never load a plug-in, also after it changes."""
    with errors_shown(as_json=json):
        catalogue = _catalogue(home)
        catalogue.block(name)
        _say(catalogue, f"{name} is blocked.", as_json=json)


def unblock(name: Name, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Take a plug-in off the block list; the next scan looks into it."""
    with errors_shown(as_json=json):
        catalogue = _catalogue(home)
        catalogue.unblock(name)
        _say(catalogue, f"{name} is not blocked any more.", as_json=json)


def _say(catalogue: Catalogue, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"blocked": [entry.finding.path for entry in catalogue.entries if entry.blocked]})
    else:
        out(sentence)
