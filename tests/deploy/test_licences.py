import re

from tests.deploy.licences import PAGE, page

PERMISSIVE = {"MIT", "MIT-0", "MIT-CMU", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0"}


def test_the_page_of_licences_names_every_package_that_is_installed() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.deploy.licences writes it anew"


def test_nothing_is_installed_that_could_not_be_passed_on_with_the_program() -> None:
    said = re.findall(r"^\| \[.*\| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(said) > 40
    assert {each for line in said for each in re.split(" (?:AND|OR) ", line)} <= PERMISSIVE
