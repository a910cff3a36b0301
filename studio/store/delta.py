"""What changed between two plain JSON values, small enough to append at every edit.

A patch is ``["=", value]`` (replace), ``["{", {key: patch}, [removed keys]]`` (an object), or ``["[", start, removed,
[inserted]]`` (a splice of a list) or ``["#", {index: patch}]`` (elements of a list in their places). None means no
change.
"""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import msgspec

Patch: TypeAlias = list[Any] | None


def diff(old: Any, new: Any) -> Patch:
    """The patch that makes `new` of `old`; None when they are equal."""
    if _same(old, new):
        return None
    if isinstance(old, dict) and isinstance(new, dict):
        return _diff_objects(cast("dict[str, Any]", old), cast("dict[str, Any]", new))
    if isinstance(old, list) and isinstance(new, list):
        return _diff_lists(cast("list[Any]", old), cast("list[Any]", new))
    return ["=", new]


def apply(value: Any, patch: Patch) -> Any:
    """`value` with the patch on it; `value` itself stays as it is.

    Raises:
        ValueError: when the patch does not fit.
    """
    if patch is None:
        return value
    try:
        kind = patch[0]
        if kind == "=":
            return patch[1]
        if kind == "{":
            changed = {key: each for key, each in value.items() if key not in set(patch[2])}
            for key, part in patch[1].items():
                changed[key] = apply(changed.get(key), part)
            return changed
        if kind == "[":
            start, removed, inserted = patch[1], patch[2], patch[3]
            if not (0 <= start <= start + removed <= len(value)):
                raise ValueError("the splice lies outside the list")
            return [*value[:start], *inserted, *value[start + removed :]]
        if kind == "#":
            elements = list(value)
            for index, part in patch[1].items():
                elements[int(index)] = apply(elements[int(index)], part)
            return elements
    except (TypeError, IndexError, KeyError, AttributeError) as problem:
        raise ValueError("the patch does not fit") from problem
    raise ValueError("an unknown kind of patch")


def _diff_objects(old: dict[str, Any], new: dict[str, Any]) -> Patch:
    changed: dict[str, Any] = {}
    for key, value in new.items():
        part = diff(old[key], value) if key in old else ["=", value]
        if part is not None:
            changed[key] = part
    return ["{", changed, sorted(key for key in old if key not in new)]


def _diff_lists(old: list[Any], new: list[Any]) -> Patch:
    shortest = min(len(old), len(new))
    start = 0
    while start < shortest and _same(old[start], new[start]):
        start += 1
    end = 0
    while end < shortest - start and _same(old[-1 - end], new[-1 - end]):
        end += 1
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    if len(before) == len(after) and _same_things(before, after):
        parts = {str(start + i): diff(a, b) for i, (a, b) in enumerate(zip(before, after, strict=True))}
        return ["#", {index: part for index, part in parts.items() if part is not None}]
    return ["[", start, len(before), after]


def _same(old: Any, new: Any) -> bool:
    # 1, 1.0 and True are equal in Python, and so are 0.0 and -0.0; in a file they are not.
    return old == new and msgspec.json.encode(old) == msgspec.json.encode(new)


def _same_things(before: list[Any], after: list[Any]) -> bool:
    """Whether the elements are the same things changed, not other things in their places."""
    return all(
        isinstance(a, dict) and isinstance(b, dict) and _identity(a) == _identity(b)
        for a, b in zip(before, after, strict=True)
    )


def _identity(value: Any) -> Any:
    thing = cast("dict[str, Any]", value)
    return thing.get("id", thing.get("number"))
