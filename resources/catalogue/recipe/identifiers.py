"""Check digits of the identifiers that the catalogue uses; the numbers are made up and assigned to nobody."""

from __future__ import annotations


def iswc(number: int) -> str:
    """`T-ddd.ddd.ddd-C` (ISO 15707): C makes 1 + sum of (position x digit) + C divisible by ten."""
    digits = f"{number:09d}"
    check = (10 - (1 + sum((i + 1) * int(d) for i, d in enumerate(digits))) % 10) % 10
    return f"T-{digits[:3]}.{digits[3:6]}.{digits[6:]}-{check}"


def ipi(number: int) -> str:
    """11 digits, the last two a modulo 101 check of the nine before (weights 10 down to 2)."""
    digits = f"{number:09d}"
    remainder = sum((10 - i) * int(d) for i, d in enumerate(digits)) % 101
    check = (101 - remainder) % 101 % 100
    return f"{digits}{check:02d}"


def isni(number: int) -> str:
    """16 characters, the last by ISO 7064 MOD 11-2."""
    digits = f"{number:015d}"
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return digits + ("X" if check == 10 else str(check))


def isrc(registrant: str, year: int, designation: int) -> str:
    """12 characters: prefix with registrant (5), year (2), designation (5)."""
    return f"{registrant}{year % 100:02d}{designation:05d}"


_MOD_37_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def dpid(number: int) -> str:
    """A DDEX party identifier: `PADPIDA`, ten digits, a check character by ISO 7064 MOD 37-36."""
    body = f"PADPIDA{number:010d}"
    total = 36
    for character in body:
        total = (total + _MOD_37_36.index(character)) % 36 or 36
        total = total * 2 % 37
    return body + _MOD_37_36[(37 - total) % 36]
