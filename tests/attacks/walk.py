"""The app's own table of routes, walked: every operation, and a request for it that is right but for one thing."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

UNTOUCHED = {("POST", "/api/auth/logout"), ("GET", "/api/stream"), ("POST", "/api/backups"), ("POST", "/api/push/test")}
"""They end what the walk needs, never end themselves, or leave the house."""


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None
    schemas: dict[str, Any]

    @property
    def places(self) -> list[tuple[str, str]]:
        """Where a text can be put: ("path" | "query" | "body", name)."""
        found = [(one["in"], one["name"]) for one in self.parameters]
        return found + [("body", name) for name in self._resolved(self.body or {}).get("properties", {})]

    def fields(self) -> dict[str, Any]:
        """A body with every field that has to be there."""
        return self._value(self.body) if self.body else {}

    def request(self, given: dict[tuple[str, str], Any], **ids: str) -> tuple[str, str, dict[str, Any], Any]:
        """Method, path, query and body; ``given`` goes where it says, ``ids`` into the path."""
        path = self.path
        for one in self.parameters:
            if one["in"] == "path":
                value = given.get(("path", one["name"]), ids.get(one["name"], "none"))
                path = path.replace("{" + one["name"] + "}", quote(str(value), safe=""))
        query = {name: value for (place, name), value in given.items() if place == "query"}
        for one in self.parameters:
            if one["in"] == "query" and one.get("required") and one["name"] not in query:
                query[one["name"]] = self._value(one["schema"])
        body = self.fields() | {name: value for (place, name), value in given.items() if place == "body"}
        return self.method, path, query, body if self.body is not None else None

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return self._resolved(self.schemas[schema["$ref"].rpartition("/")[2]])
        for kind in ("anyOf", "oneOf", "allOf"):
            if kind in schema:
                return self._resolved(next(one for one in schema[kind] if one.get("type") != "null"))
        return schema

    def _value(self, schema: dict[str, Any]) -> Any:
        schema = self._resolved(schema)
        if "enum" in schema or "const" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        kind = schema.get("type")
        if kind == "object":
            return {name: self._value(schema["properties"][name]) for name in schema.get("required", ())}
        if kind == "array":
            return [self._value(schema["items"])] * schema.get("minItems", 0)
        if kind in ("integer", "number"):
            return max(1, schema.get("minimum", 1))
        if kind == "boolean":
            return True
        return str(uuid.uuid4())[: schema.get("maxLength", 36)]


def operations(app: Any) -> Iterator[Operation]:
    spec = app.openapi()
    schemas = spec.get("components", {}).get("schemas", {})
    for path, methods in spec["paths"].items():
        for method, one in methods.items():
            if (method.upper(), path) not in UNTOUCHED:
                content = one.get("requestBody", {}).get("content", {})
                body = content.get("application/json", {}).get("schema")
                yield Operation(method.upper(), path, tuple(one.get("parameters", ())), body, schemas)
