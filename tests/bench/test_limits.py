"""The small machine: which control groups are taken, and what is written into them."""

from pathlib import Path

import pytest

from bench import limits


def _group(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


def test_the_first_version_has_a_hierarchy_for_each_controller(tmp_path: Path, own: Path) -> None:
    own.write_text("4:memory:/ours\n1:cpu,cpuacct:/\n0::/\n")
    _group(tmp_path / "cpu")
    _group(tmp_path / "memory" / "ours")
    cpu, memory = limits.groups(tmp_path, own).groups
    assert (cpu.parent, memory.parent) == (tmp_path / "cpu", tmp_path / "memory" / "ours")
    assert int(cpu.settings["cpu.cfs_quota_us"]) * 4 == int(cpu.settings["cpu.cfs_period_us"])
    assert memory.settings == {"memory.limit_in_bytes": str(256 * 1024 * 1024)}


def test_the_second_version_is_taken_where_the_controllers_are_handed_down(tmp_path: Path, own: Path) -> None:
    own.write_text("0::/user/app/shell\n")
    _group(tmp_path / "user" / "app" / "shell", cgroup__subtree_control="")
    _group(tmp_path / "user" / "app", cgroup__subtree_control="cpu memory pids")
    found = limits.groups(tmp_path, own)
    (group,) = found.groups
    assert (found.version, group.parent) == (2, tmp_path / "user" / "app")
    quota, period = map(int, group.settings["cpu.max"].split())
    assert quota * 4 == period
    assert group.settings["memory.max"] == str(256 * 1024 * 1024)


def test_without_groups_it_says_what_is_done_instead(tmp_path: Path, own: Path) -> None:
    own.write_text("0::/\n")
    small = limits.small(tmp_path, own)
    assert "no control groups to be had" in small.described
    assert small.on_one_core() is small
