"""Addresses of arrays are taken of arguments only: compiled code frees an array of its own after its last mention, and
the address alone is no mention.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[4] / "engine"


def strays(source: str) -> list[str]:
    """Functions and the arrays that they made themselves and took the address of."""
    found: list[str] = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        given = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)}
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "address_of_array":
                name = ast.unparse(call.args[0])
                if name.split(".")[0].split("[")[0] not in given:
                    found.append(f"{function.name}: {name}")
    return found


def test_addresses_are_those_of_arguments() -> None:
    wrong = {str(path): strays(path.read_text(encoding="utf-8")) for path in ENGINE.rglob("*.py")}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize(
    ("body", "bad"), [("a = np.empty(4)\n    return address_of_array(a)", True), ("return address_of_array(x)", False)]
)
def test_the_check_sees_what_it_looks_for(body: str, bad: bool) -> None:
    assert bool(strays(f"def f(x):\n    {body}\n")) == bad
