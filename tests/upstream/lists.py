"""The model lists that the fake provider shows, in both shapes."""

from typing import Any

OPENAI = [
    "gpt-6.1-sol",
    "gpt-5.5",
    "gpt-5.1",
    "gpt-5.1-2025-11-13",
    "gpt-5-mini",
    "gpt-4.1",
    "gpt-4o-mini",
    "gpt-3.5-turbo",
    "o4-mini",
    "gpt-image-2",
    "text-embedding-3-small",
    "whisper-1",
]
ANTHROPIC = ["claude-opus-5-5", "claude-sonnet-5-5", "claude-sonnet-4-5-20250929", "claude-haiku-4-5"]


def openai_model(name: str, index: int) -> dict[str, Any]:
    created = 1_780_000_000 - index * 86_400
    return {"id": name, "object": "model", "created": created, "owned_by": "openai", "shutdown_date": None}


def anthropic_model(name: str, index: int) -> dict[str, Any]:
    budget = "-4-5" in name
    yes, no = {"supported": True}, {"supported": False}
    words = name.split("-")
    return {
        "id": name,
        "type": "model",
        "display_name": f"Claude {words[1].capitalize()} {'.'.join(words[2:4])}",
        "created_at": f"2026-0{9 - index}-01T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": words[1],
        "max_input_tokens": 200_000 if budget else 1_000_000,
        "max_tokens": 64_000,
        "capabilities": {
            "batch": yes,
            "citations": yes,
            "code_execution": yes,
            "context_management": {"supported": False},
            "effort": {
                "supported": not budget,
                **dict.fromkeys(("low", "medium", "high", "xhigh", "max"), no if budget else yes),
            },
            "image_input": yes,
            "pdf_input": yes,
            "server_tools": {"supported": False, "code_execution": no, "web_search": no},
            "structured_outputs": yes,
            "thinking": {
                "supported": True,
                "types": {
                    "adaptive": no if budget else yes,
                    "enabled": yes if budget else no,
                    "disabled": yes,
                    "between_tools": no,
                },
            },
        },
    }


def page(models: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    """Anthropic's lists come in pages."""
    names = [model["id"] for model in models]
    start = names.index(query["after_id"]) + 1 if query.get("after_id") in names else 0
    end = start + int(query.get("limit", "20"))
    data = models[start:end]
    return {
        "data": data,
        "has_more": end < len(models),
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
