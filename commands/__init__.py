"""THE slash-command table. Importing the package fills the registry, one family of commands a file."""

from commands import conversation, help, model

__all__ = ["conversation", "help", "model"]
