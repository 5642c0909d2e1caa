"""THE slash-command table. Importing the package fills the registry, one family of commands a file."""

from commands import conversation, help, model, page

__all__ = ["conversation", "help", "model", "page"]
