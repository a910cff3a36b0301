"""What a mistyped command answers."""

from __future__ import annotations

import json

import pytest

from studio.cli.main import main


@pytest.mark.parametrize(
    ("words", "what", "remedy"),
    [
        ("nosuch", "No such command 'nosuch'", "contrafact --help"),
        ("edit grup", "Did you mean 'group'", "contrafact edit --help"),
        ("edit group Song.contrafact", "Missing argument 'tracks'", "edit group [OPTIONS] PROJECT TRACKS..."),
        ("edit eq Song.contrafact drums 9", "less than or equal to 4.", "edit eq [OPTIONS] PROJECT TRACK BAND"),
        ("edit group --loud", "No such option: --loud.", "edit group --help"),
        ("separate --out", "'--out' requires an argument.", "--help"),
    ],
)
def test_a_mistyped_command_says_what_is_wrong_and_how_it_is_written(words, what, remedy, capsys):
    assert main(words.split()) == 2
    said = capsys.readouterr()
    first, second = said.err.strip().splitlines()
    assert first.startswith("error: ")
    assert what in first
    assert second.startswith("  what to do: ")
    assert remedy in second
    assert said.out == ""


def test_a_program_is_told_as_json(capsys):
    assert main(["edit", "set-colour", "Song.contrafact", "drums", "red", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "usage"
    assert error["message"].startswith("Invalid value for 'colour': 'red' is not one of 'none'")
    assert "edit set-colour --help" in error["remedy"]


def test_a_group_of_commands_alone_lists_them(capsys):
    assert main(["edit"]) == 2
    said = capsys.readouterr()
    assert "put-in-folder" in said.out + said.err
    assert "error:" not in said.err
