"""THE slash-command table. Importing the package fills the registry, one family of commands a file."""

from commands import (
    archive,
    branch,
    budget,
    compare,
    conversation,
    help,
    library,
    media,
    model,
    page,
    route,
    statistics,
    system,
    templates,
)

__all__ = [
    "archive",
    "branch",
    "budget",
    "compare",
    "conversation",
    "help",
    "library",
    "media",
    "model",
    "page",
    "route",
    "statistics",
    "system",
    "templates",
]
