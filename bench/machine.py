"""The machine that figures were taken on: they are of no other."""

import os
import platform
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    cpu = [
        line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith(("model name", "Model"))
    ]
    memory = [int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    return {
        "cpu": cpu[0] if cpu else platform.machine(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": memory[0] // 1024 if memory else None,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def sentence(seen: dict[str, Any]) -> str:
    return (
        f"On {seen['cores']} cores ({seen['cpu']}, {seen['architecture']}) with {seen['memory_mb']} MB, "
        f"Linux {seen['kernel']}, Python {seen['python']}; load {seen['load']} at the start."
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()
