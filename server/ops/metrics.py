"""What the server counts and measures, as text for Prometheus (exposition format 0.0.4). Pure but for its sources.

Labels come from lists in the program: no name of a person, a model or a conversation is ever one.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Literal

from server import __version__, counters
from server.ids import NANOS_PER_DOLLAR
from server.money.figures import TOKENS, Figures

TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """``samples`` are suffix of the name, labels, value."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: list[tuple[str, Labels, float]] = field(default_factory=list)


def page(families: Iterable[Family]) -> str:
    lines: list[str] = []
    for family in families:
        lines += [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind}"]
        lines += [f"{family.name}{suffix}{_labels(labels)} {value}" for suffix, labels, value in family.samples]
    return "\n".join(lines) + "\n"


def one(name: str, kind: Literal["counter", "gauge"], help: str, value: float) -> Family:
    return Family(name, kind, help, [("", {}, value)])


def many(name: str, kind: Literal["counter", "gauge"], help: str, label: str, values: Mapping[str, float]) -> Family:
    return Family(name, kind, help, [("", {label: key}, value) for key, value in sorted(values.items())])


def counted() -> Iterator[Family]:
    """The counters of this process."""
    yield _pairs("llm_router_requests_total", "Answers by class of address and status.", "class", "status", "requests")
    yield many("llm_router_replies_total", "counter", "Replies by how they ended.", "status", counters.replies)
    yield _pairs("llm_router_calls_total", "Upstream calls by purpose and end.", "kind", "status", "calls")
    yield _pairs("llm_router_call_failures_total", "Upstream failures.", "provider", "error", "failures")
    yield many("llm_router_pushes_total", "counter", "Notifications by what became of them.", "state", counters.pushes)
    yield many("llm_router_sign_ins_total", "counter", "Sign-ins by outcome.", "outcome", counters.sign_ins)
    yield _histogram("llm_router_first_token_seconds", "Until the first token of a call.", counters.first_token)
    yield _histogram("llm_router_call_seconds", "Duration of calls that were answered.", counters.duration)


def spent(figures: Figures) -> Iterator[Family]:
    """From the ledger, so that it goes on where the process before this one ended."""
    tokens = {name: float(getattr(figures, name)) for name in TOKENS}
    dollars = figures.cost_nanos / NANOS_PER_DOLLAR
    yield one("llm_router_ledger_calls_total", "counter", "Calls that were settled.", figures.calls)
    yield many("llm_router_ledger_tokens_total", "counter", "Tokens by bucket.", "bucket", tokens)
    yield one("llm_router_ledger_cost_dollars_total", "counter", "Cost of all calls with a known price.", dollars)
    yield one("llm_router_ledger_unpriced_total", "counter", "Calls whose price is not known.", figures.unknown)


def stored(path: Path | None) -> Iterator[Family]:
    """The files of an SQLite database."""
    if path is not None:
        files = {"database": path, "wal": path.with_name(f"{path.name}-wal")}
        sizes = {part: float(file.stat().st_size) for part, file in files.items() if file.exists()}
        yield many("llm_router_database_bytes", "gauge", "Size of the database's files.", "part", sizes)


def process() -> Iterator[Family]:
    yield Family("llm_router_info", "gauge", "The version that runs.", [("", {"version": __version__}, 1)])
    yield one("process_start_time_seconds", "gauge", "Unix time of the start.", counters.STARTED)
    yield one("llm_router_uptime_seconds", "gauge", "Seconds since the start.", time.time() - counters.STARTED)
    yield one("process_cpu_seconds_total", "counter", "Processor time used.", time.process_time())
    if (memory := resident()) is not None:
        yield one("process_resident_memory_bytes", "gauge", "Memory in use.", memory)
    with suppress(OSError):
        yield one("process_open_fds", "gauge", "Open files and connections.", len(os.listdir("/proc/self/fd")))


def resident() -> int | None:
    """Bytes of memory in use; None where the system does not say."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return None


def _pairs(name: str, help: str, first: str, second: str, source: str) -> Family:
    found: Mapping[tuple[str, object], int] = getattr(counters, source)
    rows = sorted((one, str(other), count) for (one, other), count in found.items())
    return Family(name, "counter", help, [("", {first: one, second: other}, count) for one, other, count in rows])


def _histogram(name: str, help: str, found: Mapping[str, counters.Histogram]) -> Family:
    samples: list[tuple[str, Labels, float]] = []
    for kind, histogram in sorted(found.items()):
        bounds = [f"{bound / 1000:g}" for bound in histogram.bounds] + ["+Inf"]
        sums = list(accumulate(histogram.buckets))
        samples += [("_bucket", {"kind": kind, "le": le}, count) for le, count in zip(bounds, sums, strict=True)]
        samples += [("_sum", {"kind": kind}, histogram.sum / 1000), ("_count", {"kind": kind}, sums[-1])]
    return Family(name, "histogram", help, samples)


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    escape = {ord("\\"): r"\\", ord('"'): r"\"", ord("\n"): r"\n"}
    return "{" + ",".join(f'{name}="{value.translate(escape)}"' for name, value in labels.items()) + "}"
