"""The process that sets one part of a PDF: ``python -m server.archive.compose FOLDER PART FIRST_PAGE``.

The template is ours and fixed. What people wrote reaches it as strings in ``sys.inputs`` and in no other way; the root
that it may read from holds the conversation's pictures and nothing else, and there are no packages.
"""

import json
import re
import sys
from pathlib import Path

from server.archive.saying import say

TEMPLATE = Path(__file__).with_name("page.typ")
_PAGE = re.compile(rb"/Type\s*/Page\b")


def compose(folder: Path, part: int, first: int) -> int:
    """Writes ``part-N.pdf``; gives the number of its pages."""
    import typst

    doc = json.loads((folder / f"part-{part}.json").read_text(encoding="utf-8")) | {"first": first}
    pdf: bytes = typst.compile(  # type: ignore[misc]  # its types do not know that the input may be bytes
        TEMPLATE.read_bytes(),
        root=str(folder / "root"),
        sys_inputs={"doc": json.dumps(doc, ensure_ascii=False)},
        font_paths=[str(TEMPLATE.parent / "fonts"), str(folder / "fonts")],
        ignore_system_fonts=True,
        package_path=str(folder / "none"),
        package_cache_path=str(folder / "none"),
    )
    (folder / f"part-{part}.pdf").write_bytes(pdf)
    return len(_PAGE.findall(pdf))


def main(folder: str, part: str, first: str) -> None:
    say({"pages": compose(Path(folder), int(part), int(first))})


if __name__ == "__main__":
    main(*sys.argv[1:])
