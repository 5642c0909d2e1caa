"""Where settings come from: the environment, ``*_FILE`` variables, one YAML file. Knows none of them by name."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIX = "LLM_ROUTER_"
CONFIG = "LLM_ROUTER_CONFIG"
PLAIN = ("PORT", "AUTH_MODE")
"""Variables that are also understood without the prefix."""


class SettingsError(Exception):
    """One line that names the setting and says what is expected."""


def variable(name: str) -> str:
    """The environment variable of a field: providers' own names stand as the world knows them."""
    return name.upper() if name.endswith(("_api_key", "_base_url")) else PREFIX + name.upper()


class _Source(PydanticBaseSettingsSource):
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self().get(field_name), field_name, False


class Environment(_Source):
    """Variables, or files that ``<variable>_FILE`` names. An empty variable counts as not set."""

    def __init__(self, settings: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings)
        names = {variable(name): name for name in settings.model_fields}
        known = {*names, *(f"{each}_FILE" for each in names), CONFIG}
        for each in environ:
            if each.startswith(PREFIX) and each not in known:
                raise SettingsError(f"{each} is not a setting.{hint(each, known)}")
        self._values: dict[str, Any] = {}
        for each in PLAIN:
            if plain := environ.get(each):
                self._values[each.lower()] = plain
        for each, name in names.items():
            value, file = environ.get(each), environ.get(f"{each}_FILE")
            if value and file:
                raise SettingsError(f"{each} and {each}_FILE are both set: keep one of them.")
            if value or file:
                self._values[name] = value or _contents(f"{each}_FILE", str(file)).strip()
        mode = environ.get("AUTH_MODE")
        if mode and mode != self._values["auth_mode"]:
            raise SettingsError(f"AUTH_MODE and {PREFIX}AUTH_MODE are both set and differ: keep one of them.")

    def __call__(self) -> dict[str, Any]:
        return self._values


class File(_Source):
    """The YAML file: field names and values, nothing nested."""

    def __init__(self, settings: type[BaseSettings], path: str) -> None:
        super().__init__(settings)
        self._values: dict[str, Any] = {}
        if not path:
            return
        import yaml  # only for those who have such a file

        try:
            values = yaml.safe_load(_contents(CONFIG, path)) or {}
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            raise SettingsError(f"{CONFIG}: {path}{where} is not valid YAML.") from None
        if not isinstance(values, dict):
            raise SettingsError(f"{CONFIG}: {path} must hold lines such as `port: 8080`.")
        for key, value in values.items():
            if key not in settings.model_fields:
                raise SettingsError(f"{path}: {key} is not a setting.{hint(str(key).lower(), settings.model_fields)}")
            if value is not None:
                self._values[key] = value

    def __call__(self) -> dict[str, Any]:
        return self._values


def _contents(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise SettingsError(f"{name}: cannot read {path} ({reason}).") from None


def hint(name: str, known: Any) -> str:
    # Without the prefix, in which all are alike.
    short = {each.removeprefix(PREFIX): each for each in sorted(known)}
    close = difflib.get_close_matches(name.removeprefix(PREFIX), short, n=1)
    return f" Did you mean {short[close[0]]}?" if close else " See docs/settings.md for those that exist."
