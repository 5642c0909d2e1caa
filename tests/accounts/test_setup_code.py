import re

import pytest

from server.accounts.setup_code import SetupCode


def test_each_start_has_its_own_code_that_is_easy_to_type() -> None:
    codes = {SetupCode().text for _ in range(100)}
    assert len(codes) == 100
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", code) for code in codes)


@pytest.mark.parametrize("write", [str, str.lower, lambda code: code.replace("-", " "), lambda code: f" {code}  "])
def test_it_is_known_however_it_is_written(write) -> None:  # type: ignore[no-untyped-def]
    code = SetupCode()
    assert code.matches(write(code.text))


def test_lookalikes_are_the_same_character() -> None:
    code = SetupCode()
    code.text = "0011-ABCD-EFGH"
    assert code.matches("oOiL-abcd-efgh")


@pytest.mark.parametrize("typed", ["", "0", "0000-0000-0000", "é", "\ud800"])
def test_nothing_else_is(typed: str) -> None:
    assert not SetupCode().matches(typed)
