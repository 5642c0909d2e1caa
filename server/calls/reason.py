"""Why a call was made as it was, in the words of the request log. Pure."""

from server.errors import AppError
from server.providers.base import ProviderError, brief

ASKED = "as asked"
ALIAS = "another name for it"


def once_more(reason: str, error: ProviderError, *, elsewhere: bool) -> str:
    """Of an attempt that follows one that failed: with the next credential, or with the same."""
    return f"{reason}; {'another credential' if elsewhere else 'again'} after {brief(error)}"


def instead(reason: str, model: str, error: AppError) -> str:
    """Of a model that makes up for another one."""
    return f"{reason}; instead of {model} after {brief(error)}"
