"""What the image leaves out of the packages, tried on packages that are here."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the image is Linux")
def test_packages_without_sources_and_symbols_still_do_their_work(tmp_path: Path) -> None:
    site = tmp_path / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    for name in ("httptools", "yaml"):
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, site / name)
    before = {path.name: path.stat().st_size for path in site.rglob("*.so")}
    subprocess.run([sys.executable, ROOT / "bin" / "shrink", tmp_path], check=True)
    assert not list(site.rglob("*.py")) and not list(site.rglob("*.c"))
    assert all(path.stat().st_size <= before[path.name] for path in site.rglob("*.so"))
    work = (
        "import httptools, yaml; assert yaml.__file__.endswith('.pyc'); "
        "assert yaml.load('a: [1]', yaml.CSafeLoader) == {'a': [1]}; "
        "assert httptools.parse_url(b'http://a/b').path == b'/b'"
    )
    subprocess.run([sys.executable, "-ISc", f"import sys; sys.path.insert(0, {str(site)!r}); {work}"], check=True)
