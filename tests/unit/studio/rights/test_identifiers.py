from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.rights import identifiers as ids

GOOD = [
    (ids.check_isrc, ids.format_isrc, "SEXXA2600001", "SE-XXA-26-00001"),
    (ids.check_iswc, ids.format_iswc, "T0345246801", "T-034.524.680-1"),
    (ids.check_ipi, ids.format_ipi, "00014107338", "00014107338"),
    (ids.check_isni, ids.format_isni, "000000012150090X", "0000 0001 2150 090X"),
    (ids.check_isni, ids.format_isni, "0000000121032683", "0000 0001 2103 2683"),
    (ids.check_dpid, ids.format_dpid, "PADPIDA2007040502I", "PA-DPIDA-2007040502-I"),
]


@pytest.mark.parametrize(("check", "write", "compact", "written"), GOOD)
def test_both_forms_are_taken_and_given(
    check: Callable[[str], str], write: Callable[[str], str], compact: str, written: str
) -> None:
    assert check(written) == compact
    assert check(compact) == compact
    assert check(f" {compact.lower()} ") == compact
    assert write(compact) == written


@pytest.mark.parametrize(("check", "write", "compact", "written"), GOOD[1:])
def test_every_wrong_digit_is_found(
    check: Callable[[str], str], write: Callable[[str], str], compact: str, written: str
) -> None:
    # The weights of an ISWC share factors with 10, so that its check digit alone is sure to be found wrong.
    start = {"T": 10, "P": 7}.get(compact[0], 0)
    for place in range(start, len(compact)):
        for digit in "0123456789":
            if digit != compact[place]:
                with pytest.raises(ValueError):
                    check(compact[:place] + digit + compact[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "*", "SEXXA260000", "1EXXA2600001", "SE-XXA-26-0000A", "T034524680", "PADPIDA", "１２３"]
)
def test_other_text_is_refused(text: str) -> None:
    for check in (ids.check_isrc, ids.check_iswc, ids.check_ipi, ids.check_isni, ids.check_dpid):
        with pytest.raises(ValueError):
            check(text)


def test_an_ipi_may_leave_out_its_leading_zeros() -> None:
    assert ids.check_ipi("14107338".zfill(9)) == "00014107338"


def test_check_digits_can_be_made() -> None:
    assert ids.iswc_check_digit("034524680") == "1"
    assert ids.ipi_check_digits("000141073") == "38"
    assert ids.isni_check_character("000000012150090") == "X"
    assert ids.dpid_check_character("PADPIDA2007040502") == "I"
