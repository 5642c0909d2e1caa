"""Prints ``docs/licences.md``: under which licence each locked package is. python -m tests.deploy.licences."""

import re
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "licences.md"
BUILD = {"setuptools"}
"""Gone once the program is installed."""
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}
HEAD = """\
# Licences

LLM Router is under the [MIT licence](../LICENSE). It stands on the work of others, each under a licence of its own; all
of them let you use, change and pass it on, with the notices that lie beside the packages. The list is made from what
the packages say of themselves.

## Packages that are installed with it

| package | licence |
|---|---|
"""
TAIL = """
## Fonts

| font | where | licence |
|---|---|---|
| Ubuntu Mono | the page, PDFs | Ubuntu Font Licence 1.0 |
| some signs of the page's font | the page | Apache-2.0 |
| DejaVu Sans Mono | in the typesetter (typst) | Bitstream Vera |
| Libertinus Serif | in the typesetter | SIL OFL 1.1 |
| New Computer Modern | in the typesetter | GUST Font License |
| Droid Sans Fallback | the image, when it is built with `PDF_FONTS=1` | Apache-2.0 |
| Noto, Noto Color Emoji | the image, when it is built with `PDF_FONTS=1` | SIL OFL 1.1 |

## Beside it

The image is built on that of Python (PSF-2.0) and Debian; the compose files for HTTPS start Caddy (Apache-2.0). What
the tests and checks use is in `requirements-dev.lock` and goes into no installation.
"""


def page() -> str:
    rows = (f"| [{name}](https://pypi.org/project/{name}/) | {licence(metadata(name))} |\n" for name in locked())
    return HEAD + "".join(rows) + TAIL


def locked() -> list[str]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^([a-z0-9][\w.-]*)==", text, re.M)) - BUILD)


def licence(said: PackageMetadata) -> str:
    """The SPDX expression, else the classifier that stands for one, else its own words."""
    if expression := said.get("License-Expression"):
        return expression
    classified = (each.rpartition(" :: ")[2] for each in said.get_all("Classifier") or () if each.startswith("License"))
    known = sorted({CLASSIFIERS.get(each, each) for each in classified})
    return " OR ".join(known) or str(said.get("License"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
