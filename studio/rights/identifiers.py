"""The identifiers of the music business, checked and kept as strings: ISRC, ISWC, IPI, ISNI, DPID.

Each ``check_*`` takes the written or the compact form and returns the compact form, or raises ValueError; each
``format_*`` gives the form that people write.
"""

from __future__ import annotations

import re

_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_ISWC = re.compile(r"T[0-9]{10}")
_IPI = re.compile(r"[0-9]{9,11}")
_ISNI = re.compile(r"[0-9]{15}[0-9X]")
_DPID = re.compile(r"PADPIDA[0-9]{10}[0-9A-Z]")


def _compact(text: str, dropped: str) -> str:
    return text.strip().upper().translate(str.maketrans("", "", dropped))


def check_isrc(text: str) -> str:
    """An ISRC (ISO 3901): country, registrant, year, designation; it has no check digit. ``SE-XXA-26-00001`` ->
    ``SEXXA2600001``.

    Raises:
        ValueError: if `text` is no ISRC.
    """
    value = _compact(text, "- ")
    if not _ISRC.fullmatch(value):
        raise ValueError(f"{text!r} is not an ISRC")
    return value


def check_iswc(text: str) -> str:
    """An ISWC (ISO 15707): T, nine digits, a check digit. ``T-034.524.680-1`` -> ``T0345246801``.

    Raises:
        ValueError: if `text` is no ISWC or its check digit is wrong.
    """
    value = _compact(text, "-. ")
    if not _ISWC.fullmatch(value):
        raise ValueError(f"{text!r} is not an ISWC")
    if iswc_check_digit(value[1:10]) != value[10]:
        raise ValueError(f"{text!r} has a wrong check digit")
    return value


def iswc_check_digit(digits: str) -> str:
    """The check digit of the nine digits of an ISWC: (10 - (1 + sum i * d_i) mod 10) mod 10."""
    total = 1 + sum(place * int(digit) for place, digit in enumerate(digits, start=1))
    return str(-total % 10)


def check_ipi(text: str) -> str:
    """An IPI name number (CISAC): eleven digits, the last two from a weighted sum modulo 101; leading zeros may be left
    out.

    Raises:
        ValueError: if `text` is no IPI name number or its check digits are wrong.
    """
    value = _compact(text, "-. ")
    if not _IPI.fullmatch(value):
        raise ValueError(f"{text!r} is not an IPI number")
    value = value.zfill(11)
    if ipi_check_digits(value[:9]) != value[9:]:
        raise ValueError(f"{text!r} has wrong check digits")
    return value


def ipi_check_digits(digits: str) -> str:
    """The two check digits of the nine digits of an IPI name number: weights 10 to 2, (101 - sum mod 101) mod 100."""
    remainder = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits, strict=True)) % 101
    return f"{(101 - remainder) % 101 % 100:02d}"


def check_isni(text: str) -> str:
    """An ISNI (ISO 27729): sixteen characters, the last a check character of ISO 7064 MOD 11-2.

    Raises:
        ValueError: if `text` is no ISNI or its check character is wrong.
    """
    value = _compact(text, "-. ")
    if not _ISNI.fullmatch(value):
        raise ValueError(f"{text!r} is not an ISNI")
    if isni_check_character(value[:15]) != value[15]:
        raise ValueError(f"{text!r} has a wrong check character")
    return value


def isni_check_character(digits: str) -> str:
    """The check character of the fifteen digits of an ISNI (ISO 7064 MOD 11-2)."""
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    value = (12 - total % 11) % 11
    return "X" if value == 10 else str(value)


def check_dpid(text: str) -> str:
    """A DDEX party id: ``PADPIDA``, ten digits, an ISO 7064 MOD 37-36 check character. ``PA-DPIDA-2007040502-I`` is
    one.

    Raises:
        ValueError: if `text` is no DPID or its check character is wrong.
    """
    value = _compact(text, "- ")
    if not _DPID.fullmatch(value):
        raise ValueError(f"{text!r} is not a DPID")
    if dpid_check_character(value[:17]) != value[17]:
        raise ValueError(f"{text!r} has a wrong check character")
    return value


_MOD_37_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def dpid_check_character(body: str) -> str:
    """The check character of the seventeen characters of a DPID (ISO 7064 MOD 37-36)."""
    total = 36
    for character in body:
        total = (total + _MOD_37_36.index(character)) % 36 or 36
        total = total * 2 % 37
    return _MOD_37_36[(37 - total) % 36]


def format_isrc(text: str) -> str:
    """``SE-XXA-26-00001``. Raises ValueError if `text` is no ISRC."""
    value = check_isrc(text)
    return f"{value[:2]}-{value[2:5]}-{value[5:7]}-{value[7:]}"


def format_iswc(text: str) -> str:
    """``T-034.524.680-1``. Raises ValueError if `text` is no ISWC."""
    value = check_iswc(text)
    return f"T-{value[1:4]}.{value[4:7]}.{value[7:10]}-{value[10]}"


def format_ipi(text: str) -> str:
    """``00014107338``. Raises ValueError if `text` is no IPI name number."""
    return check_ipi(text)


def format_isni(text: str) -> str:
    """``0000 0001 2150 090X``. Raises ValueError if `text` is no ISNI."""
    value = check_isni(text)
    return " ".join(value[index : index + 4] for index in range(0, 16, 4))


def format_dpid(text: str) -> str:
    """``PA-DPIDA-2007040502-I``. Raises ValueError if `text` is no DPID."""
    value = check_dpid(text)
    return f"PA-DPIDA-{value[7:17]}-{value[17]}"
