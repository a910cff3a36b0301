from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from studio.base.errors import StorageError
from studio.base.paths import AppPaths


def test_a_home_holds_everything(tmp_path: Path) -> None:
    paths = AppPaths.open(tmp_path / "home")
    assert paths.home == tmp_path / "home"
    for folder in (paths.data, paths.config, paths.cache, paths.scratch):
        assert folder.is_dir()
        assert folder.is_relative_to(tmp_path / "home")
    if os.name == "posix":
        assert stat.S_IMODE(paths.scratch.stat().st_mode) == 0o700
        assert stat.S_IMODE(paths.scratch.parent.stat().st_mode) == 0o700
    paths.close()
    assert not paths.scratch.exists()
    paths.close()


def test_the_environment_chooses_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRAFACT_HOME", str(tmp_path / "env"))
    paths = AppPaths.open()
    assert paths.data == tmp_path / "env" / "data"
    paths.close()


def test_else_the_system_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTRAFACT_HOME", raising=False)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    paths = AppPaths.open()
    assert paths.home is None
    assert "contrafact" in str(paths.data)
    if sys.platform == "linux":
        assert paths.data == tmp_path / "XDG_DATA_HOME" / "contrafact"
    paths.close()


def test_a_living_scratch_stays_and_a_dead_one_goes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    living = AppPaths.open(home)
    code = (
        "import os, sys; from pathlib import Path; from studio.base.paths import AppPaths;"
        "paths = AppPaths.open(Path(sys.argv[1])); (paths.scratch / 'secret').write_text('x');"
        "print(paths.scratch, flush=True); os._exit(9)"
    )
    found = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=False)
    dead = Path(found.stdout.strip())
    assert found.returncode == 9
    assert (dead / "secret").exists()
    third = AppPaths.open(home)
    assert not dead.exists()
    assert living.scratch.is_dir()
    assert third.scratch != living.scratch
    living.close()
    third.close()


def test_strangers_in_the_scratch_folder_are_left_alone(tmp_path: Path) -> None:
    base = tmp_path / "home" / "cache" / "scratch"
    base.mkdir(parents=True)
    (base / "note.txt").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (base / "link").symlink_to(tmp_path / "elsewhere")
    AppPaths.open(tmp_path / "home").close()
    assert (base / "note.txt").exists()
    assert (tmp_path / "elsewhere").is_dir()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError) as caught:
        AppPaths.open(tmp_path / "file" / "home")
    assert caught.value.code == "path-not-writable"
