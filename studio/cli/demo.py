"""The main job from end to end: licence, download, split, restyle, mix, export, verify, receipt; with a report."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine.inference.styles import list_styles
from studio.base.errors import ProvenanceError, StudioError
from studio.base.ids import uuid7
from studio.cli.console import JsonFlag, opened, out, print_json, to_json, with_progress
from studio.flows import acquire, export, restyle, separate, verify
from studio.flows.media import TaskContext
from studio.project import edits
from studio.project.model import Project
from studio.session import Session

STYLE = "bossa"
FORMATS: tuple[export.Format, ...] = ("wav", "flac", "mp3")


def register(app: typer.Typer) -> None:
    """Add this command to `app`."""
    app.command()(demo)


def demo(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the exports and report.json.")] = Path("demo-out"),
    style: Annotated[str | None, typer.Option(help="Id of the style.")] = None,
    keep_home: Annotated[
        Path | None, typer.Option("--home", help="Use this home instead of a fresh one that is removed.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Make a licensed remix from sign-in to signed, verified files, on the embedded platform."""
    if keep_home is not None:
        _demo(out_dir, style or STYLE, keep_home, as_json=json)
        return
    with tempfile.TemporaryDirectory(prefix="contrafact-demo-", ignore_cleanup_errors=True) as folder:
        _demo(out_dir, style or STYLE, Path(folder), as_json=json)


def _demo(out_dir: Path, style: str, home: Path, *, as_json: bool) -> None:
    with opened(home, None, as_json=as_json) as session:
        out_dir = out_dir.absolute()
        try:
            out_dir.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise StudioError(
                f"“{out_dir}” cannot be made: {problem.strerror}.",
                remedy="Choose another folder with --out.",
                code="path-not-writable",
            ) from problem
        report = with_progress(
            "Demo",
            lambda context: run_demo(session, out_dir, style, context, say=None if as_json else out),
            quiet=as_json,
        )
        path = out_dir / "report.json"
        path.write_text(to_json(report) + "\n", encoding="utf-8")
        if as_json:
            print_json(report)
        else:
            out(f"report: {path}")


class _Say:
    """Prints each step when it is done, with its time."""

    def __init__(self, say: Any, context: TaskContext):
        self._say, self._context = say, context
        self._began = self._last = time.monotonic()
        self.timings_s: dict[str, float] = {}

    def __call__(self, name: str, text: str, fraction: float) -> None:
        now = time.monotonic()
        self.timings_s[name] = round(now - self._last, 2)
        self._last = now
        self.timings_s["total"] = round(now - self._began, 2)
        self._context.progress(fraction, name)
        if self._say is not None:
            finish = getattr(self._context, "finish", None)
            if finish is not None:
                finish()
            self._say(f"  {name:9s} {text}  ({self.timings_s[name]:.1f} s)")


def run_demo(session: Session, out_dir: Path, style: str, context: TaskContext, *, say: Any) -> dict[str, Any]:
    """The demo itself; returns the report.

    Raises:
        StudioError, EngineError: as soon as anything is not as it must be.
    """
    services = session.services
    done = _Say(say, context)
    account = session.sign_in_now()
    done("sign-in", f"{account.name} on the demo platform", 0.02)

    item = acquire.search(services)[0]
    asset = acquire.fetch(services, item.id)
    grant = services.library.grant_for(asset.asset_sha256).grant
    done(
        "licence",
        f"“{asset.title}” by {', '.join(asset.artists)}: {grant.grant_id} rev {grant.rev}, "
        f"stems {', '.join(asset.stems)}",
        0.1,
    )

    landing = acquire.place(services, asset)
    project = landing.apply(Project(id=uuid7(), title=asset.title))
    group = landing.result
    source = separate.recording_of(project, group)
    made, facts = separate.model_stems(services, project, source, context)
    label = separate.delivered_stems(services, source)
    quality: dict[str, float | None] = services.io.run(
        "studio.flows.tasks:si_sdr_db",
        {
            "estimates": separate.refs(services, project, made, context),
            "references": separate.refs(services, project, label, context),
        },
    )
    said = ", ".join(
        f"{name} {value:+.1f} dB" if value is not None else f"{name} silent" for name, value in quality.items()
    )
    done(
        "stems",
        f"SI-SDR against the label's own: {said}; {facts['provider'].upper()}, {1 / facts['rtf']:.0f} x real time",
        0.3,
    )

    split = separate.split(services, project, group, context)
    project = split.apply(project)
    name = next((info.name for info in list_styles() if info.id == style), style)
    restyled = restyle.restyle(services, project, group, context, style=style, seed=41)
    project = restyled.apply(project)
    result = restyled.result
    done(
        "restyle",
        f"{name}: {', '.join(result.parts) or 'production'} at {result.tempo_bpm:.1f} BPM in {result.key}, vocals kept",
        0.5,
    )

    project = _mix(project, group)
    project = edits.rename_project(project, f"{asset.title} ({name})")
    session.new_project(project.title)
    session.commit("Demo remix", project)
    bundle = session.save_project(out_dir / f"{_plain(project.title)}-{uuid7()[-4:]}.contrafact")
    done("project", f"{len(project.tracks)} tracks, {project.length_s:.0f} s, saved", 0.52)

    exports: list[dict[str, Any]] = []
    last: export.ExportResult | None = None
    for index, format_ in enumerate(FORMATS):
        path = out_dir / f"{_plain(project.title)}.{format_}"
        options = msgspec.structs.replace(
            export.options_for(services, path), title=project.title, artist="Demo remixer"
        )
        last = session.deliver(export.export(services, project, path, options, context))
        seen = verify.verify(services, path)
        if seen.state != "Trusted" or last.receipt_id is None:
            raise ProvenanceError(
                f"{path.name} is {seen.state}{'' if last.receipt_id else ' and has no receipt'}.",
                remedy="Run `contrafact doctor` and send its output to support.",
                details={"problems": [problem.text for problem in seen.problems]},
            )
        exports.append(
            {
                "path": str(path),
                "format": format_,
                "state": seen.state,
                "master_ppm": last.master_ppm,
                "publishing_ppm": last.publishing_ppm,
                "receipt_id": last.receipt_id,
                "lufs": last.lufs,
                "true_peak_dbtp": last.true_peak_dbtp,
                "duration_s": round(last.duration_s, 3),
                "sha256": last.sha256,
            }
        )
        done(
            f"export {index + 1}",
            f"{format_.upper()} {seen.state}, {last.lufs:.1f} LUFS, {last.true_peak_dbtp:.1f} dBTP, "
            f"receipt {last.receipt_id}",
            0.55 + 0.15 * index,
        )
    assert last is not None
    if say is not None:
        for side, shares in (("recording", last.shares.master), ("song", last.shares.publishing)):
            say(
                f"  {side:9s} "
                + ", ".join(f"{share.name} {share.ppm / 10_000:.2f} %" for share in shares)
                + f"; sum {sum(share.ppm for share in shares):,} ppm"
            )
    return {
        "song": {
            "title": asset.title,
            "artists": list(asset.artists),
            "grant_id": grant.grant_id,
            "grant_rev": grant.rev,
        },
        "stems": {
            "si_sdr_db": quality,
            "model": f"{facts['model_id']} {facts['model_version']}",
            "rtf": facts["rtf"],
            "sum_error_db": facts["sum_error_db"],
            "used_in_remix": "label" if split.result.delivered else "model",
        },
        "style": {
            "id": style,
            "name": name,
            "parts": list(result.parts),
            "tempo_bpm": result.tempo_bpm,
            "key": result.key,
            "seed": result.seed,
            "notices": list(result.notices),
        },
        "project": str(bundle),
        "exports": exports,
        "timings_s": done.timings_s,
        "providers": {"separation": facts["provider"], "style": result.provider},
    }


def _mix(project: Project, group: str) -> Project:
    """A little of what a producer would do: a fade at either end."""
    for track in edits.children_of(project, group):
        for clip in track.clips:
            project = edits.set_clip(project, clip.id, fade_in_s=0.02, fade_out_s=1.5)
    return project


def _plain(title: str) -> str:
    return "".join(c if c.isalnum() or c in " -_()" else "_" for c in title).strip() or "remix"
