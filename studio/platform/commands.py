"""`contrafact-platform`: run the service, make accounts, publish recordings, end licences."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.platform import accounts, ledger, seed
from studio.platform.client import PlatformClient
from studio.platform.service import create_app
from studio.platform.song_files import read_json, read_song
from studio.platform.state import ExportVerifier, PlatformState, ServiceConfig

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Data = Annotated[Path, typer.Option("--data", help="Folder of the service's data.")]
Url = Annotated[str, typer.Option("--url", help="Address of the service.")]

DATA = Path("platform-data")
URL = "http://127.0.0.1:8000"


def build_app(*, verify_export: ExportVerifier | None = None, catalogue_dir: Path | None = None) -> typer.Typer:
    """The command line. `verify_export` reads the manifests of exports; `catalogue_dir` holds the demo songs of
    ``serve --demo``."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help="The platform of Contrafact.")
    user = typer.Typer(no_args_is_help=True, help="Accounts of a service on this computer.")
    app.add_typer(user, name="user")

    @app.command()
    def serve(
        data: Data = DATA,
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
        public_url: Annotated[str | None, typer.Option(help="How it is reached from outside.")] = None,
        database: Annotated[str | None, typer.Option(help="SQLAlchemy URL, for example postgresql+psycopg://…")] = None,
        demo: Annotated[bool, typer.Option("--demo", help="Enter the demo catalogue.")] = False,
    ) -> None:
        """Run the service until it is stopped."""
        with _named(as_json=False):
            config = ServiceConfig(
                data_dir=data,
                public_url=public_url or f"http://{host}:{port}",
                database_url=database,
                verify_export=verify_export,
            )
            service = create_app(config)
            state: PlatformState = service.state.platform
            try:
                if demo and catalogue_dir is not None:
                    seed.seed_demo(state, catalogue_dir)
                typer.echo(f"Listening on http://{host}:{port}", err=True)
                uvicorn.run(
                    service, host=host, port=port, lifespan="off", ws="none", log_level="warning", server_header=False
                )
            finally:
                state.close()

    @user.command("add")
    def user_add(
        email: str,
        name: Annotated[str, typer.Option(help="Name that others see.")],
        data: Data = DATA,
        rightsholder: Annotated[bool, typer.Option("--rightsholder", help="May publish recordings.")] = False,
        territory: Annotated[str, typer.Option(help="Country, two letters.")] = "SE",
        password_stdin: Annotated[
            bool, typer.Option("--password-stdin", help="Read the password from standard input.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Make an account. Without --password-stdin a password is made and shown once."""
        with _named(as_json=as_json), _state(data) as state:
            password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(15)
            role = "rightsholder" if rightsholder else "remixer"
            made = accounts.create_account(state, email, password, name=name, role=role, territory=territory)
            shown = {} if password_stdin else {"password": password}
            _answer({"id": made.id, "email": made.email, "role": made.role, **shown}, as_json=as_json)

    @app.command()
    def publish(
        song: Annotated[Path, typer.Argument(help="Audio file of the mix.")],
        terms: Annotated[Path, typer.Option(help="What is allowed: terms.json.")],
        email: Annotated[str, typer.Option(help="Rightsholder's account.")],
        meta: Annotated[Path | None, typer.Option(help="Credits; meta.json beside the song if left out.")] = None,
        stems: Annotated[Path | None, typer.Option(help="Folder with vocals, drums, bass, other.")] = None,
        artwork: Annotated[Path | None, typer.Option(help="Cover image.")] = None,
        url: Url = URL,
        as_json: Json = False,
    ) -> None:
        """Publish a recording. The password is read from standard input."""
        with _named(as_json=as_json), _client(url, email) as client:
            files = read_song(song, meta=meta or song.with_name("meta.json"), terms=terms, stems=stems, artwork=artwork)
            found = client.publish(files)
            _answer(
                {
                    "id": found.summary.id,
                    "asset_sha256": found.summary.asset_sha256,
                    "isrc": found.summary.isrc,
                    "title": found.summary.title,
                    "stems": [file.role for file in found.files if file.role not in ("mix", "artwork")],
                },
                as_json=as_json,
            )

    @app.command("terms")
    def change_terms(
        recording: str,
        terms: Annotated[Path, typer.Option(help="What is allowed from now on.")],
        email: Annotated[str, typer.Option(help="Rightsholder's account.")],
        url: Url = URL,
        as_json: Json = False,
    ) -> None:
        """Set new terms; the next lease of every licence carries them. The password is read from standard input."""
        with _named(as_json=as_json), _client(url, email) as client:
            found = client.change_terms(recording, read_json(terms))
            _answer({"id": found.summary.id, "terms_rev": found.terms_rev}, as_json=as_json)

    @app.command()
    def revoke(
        grant_id: str,
        email: Annotated[str, typer.Option(help="Rightsholder's account.")],
        reason: Annotated[str, typer.Option(help="Shown to the person.")] = "",
        url: Url = URL,
        as_json: Json = False,
    ) -> None:
        """End a licence. The password is read from standard input."""
        with _named(as_json=as_json), _client(url, email) as client:
            ended = client.revoke_grant(grant_id, reason)
            _answer({"grant_id": ended.grant_id, "at": ended.at}, as_json=as_json)

    @app.command("check-log")
    def check_log(data: Data = DATA, as_json: Json = False) -> None:
        """Recompute the log of receipts."""
        with _named(as_json=as_json), _state(data) as state:
            _answer({"entries": ledger.check_log(state)}, as_json=as_json)

    _ = (serve, user_add, publish, change_terms, revoke, check_log)
    return app


@contextmanager
def _named(*, as_json: bool) -> Generator[None]:
    try:
        yield
    except (StudioError, EngineError) as error:
        if as_json:
            body = {"code": error.code, "message": error.message, "remedy": error.remedy, "details": error.details}
            typer.echo(json.dumps({"error": body}, ensure_ascii=False), err=True)
        else:
            typer.echo(f"{error.message}\n{error.remedy} [{error.code}]", err=True)
        raise typer.Exit(1) from None


@contextmanager
def _state(data: Path) -> Generator[PlatformState]:
    state = PlatformState(ServiceConfig(data_dir=data))
    try:
        yield state
    finally:
        state.close()


@contextmanager
def _client(url: str, email: str) -> Generator[PlatformClient]:
    paths = AppPaths.open()
    client = PlatformClient(url, KeyStore(paths))
    try:
        if sys.stdin.isatty():
            password = str(typer.prompt("Password", hide_input=True, err=True))
        else:
            password = sys.stdin.readline().rstrip("\n")
        client.password_login(email, password)
        yield client
        client.sign_out()
    finally:
        client.close()
        paths.close()


def _answer(value: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False))
    else:
        for name, item in value.items():
            typer.echo(f"{name}: {', '.join(item) if isinstance(item, list) else item}")  # pyright: ignore[reportUnknownArgumentType]
