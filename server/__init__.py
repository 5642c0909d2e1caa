"""LLM Router: a terminal chat and a gateway for language models."""

__version__ = "0.1.0"
