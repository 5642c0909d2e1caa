"""The page's first modules as one file: nothing of one meets another, and nothing is there twice."""

import re
from pathlib import Path

import pytest

from server.api import joined, lean
from server.api.assets import AT_ONCE, ENTRY, PREFIX, STYLES, Assets

WEB = Path(__file__).parents[2] / "web"
PAGE = {
    "app.js": 'import { history as past } from "./state/history.js";\nimport "./ui/bar.js";\npast.go();\n',
    "state/history.js": 'import * as place from "./place.js";\nexport const history = { go: () => place.go("./x") };\n',
    "state/place.js": 'export async function go(to) { return import("../ui/late.js"); }\nexport class Place {}\n',
    "ui/bar.js": "const rows = `../actions/${1}.js`;\nexport const load = (n) => import(`../actions/${n}.js`);\n",
    "ui/late.js": 'import { Place as Here } from "../state/place.js";\nimport { more } from "./more.js";\n'
    'await style(import.meta.resolve("./late.css"));\n',
}
LEAN = {name: lean.script(source) for name, source in PAGE.items()}
FIRST = ["state/place.js", "state/history.js", "ui/bar.js", "app.js"]


def test_every_module_comes_after_what_it_needs() -> None:
    assert joined.start_up("app.js", LEAN) == FIRST


def test_modules_that_import_each_other_are_named() -> None:
    with pytest.raises(ValueError, match=r"a\.js → b\.js → a\.js"):
        joined.start_up("a.js", {"a.js": 'import "./b.js";\n', "b.js": 'import "./a.js";\n'})


def test_what_a_module_exports_is_returned_and_what_it_imports_is_its_own_constant() -> None:
    text = joined.join(FIRST, LEAN, PREFIX)
    assert "export const $state_history=(()=>{const place=$state_place;" in text.replace("* as ", "")
    assert "const {history:past}=$state_history;" in text
    assert "return{go,Place}})();" in text
    assert not re.search(r'^import\b|from"', text, re.MULTILINE)


def test_what_is_fetched_later_is_asked_for_from_where_the_joined_file_lies() -> None:
    text = joined.join(FIRST, LEAN, PREFIX)
    assert '$lib_later.later("/assets/ui/late.js")' in text
    assert "$lib_later.later(`/assets/actions/${n}.js`)" in text
    assert 'place.go("./x")' in text and "`../actions/${1}.js`" in text


def test_a_later_module_takes_the_first_ones_from_the_one_file() -> None:
    text = joined.beside("ui/late.js", LEAN["ui/late.js"], FIRST, "app.js", PREFIX)
    assert 'import{$state_place}from"/assets/app.js";const {Place:Here}=$state_place;' in text
    assert 'from"./more.js"' in text
    assert 'import.meta.resolve("/assets/ui/late.css")' in text


def test_a_later_module_that_fetches_more_does_so_in_the_same_way() -> None:
    source = lean.script('export const more = () => import("./most.js");\n')
    text = joined.beside("ui/late.js", source, FIRST, "app.js", PREFIX)
    assert text.startswith('import{$lib_later}from"/assets/app.js";\n')
    assert '$lib_later.later("/assets/ui/most.js")' in text


def test_no_modules_of_the_page_import_each_other() -> None:
    """Each would wait for the other to be fetched."""
    written = {path.relative_to(WEB).as_posix(): lean.script(path.read_text()) for path in WEB.rglob("*.js")}
    for name in written:
        assert joined.start_up(name, written)[-1] == name


@pytest.mark.parametrize("export", ["let a = 1;", "default 1;", "{ a };", "const { a } = b;"])
def test_an_export_that_would_be_lost_is_refused(export: str) -> None:
    with pytest.raises(ValueError, match="cannot be joined"):
        joined.join(["a.js"], {"a.js": lean.script(f"export {export}\n")}, PREFIX)


def test_the_page_asks_for_one_script_and_one_style_sheet_and_has_every_module_once() -> None:
    assets = Assets(WEB)
    index = assets.index.content.decode()
    assert index.count('type="module"') == 1 and assets.url(ENTRY) in index
    assert index.count('rel="stylesheet"') == 1 and assets.url(STYLES) in index
    first = set(re.findall(r"^export const (\$\w+)=\(\(\)=>", assets.files[ENTRY].content.decode(), re.MULTILINE))
    written = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js")} - {"sw.js", "sw-off.js", AT_ONCE}
    later = {name for name in assets.files if name.endswith(".js")} - {ENTRY}
    assert len(first) + len(later) == len(written)
    for name in later:
        source = assets.files[name].content.decode()
        for label in re.findall(r'import\{(\$\w+)\}from"/assets/app\.js"', source):
            assert label in first, (name, label)
        for target in re.findall(r'^import\b[^;]*?"(\.[^"]+)";', source, re.MULTILINE):
            assert joined.relative(name, target) in assets.files, (name, target)
