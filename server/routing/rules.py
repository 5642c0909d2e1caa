"""A person's own rules: when a prompt is like this, then that model, and those when it fails. Plain values."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from server.routing.facts import LANGUAGES, Facts

MAX_RULES = 40

Length = Annotated[int, Field(ge=1, le=1_000_000)]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
ModelId = Annotated[str, Field(min_length=1, max_length=200)]


class When(BaseModel):
    """Everything that is given has to hold; nothing given holds always. ``longer_than`` counts characters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    has_image: bool | None = None
    longer_than: Length | None = None
    language: str | None = None
    code: bool | None = None
    tag: Tag | None = None

    @field_validator("language")
    @classmethod
    def _is_known(cls, language: str | None) -> str | None:
        if language is not None and language not in LANGUAGES:
            raise ValueError(f"language is one of {', '.join(LANGUAGES)}")
        return language

    def holds(self, facts: Facts) -> bool:
        return all(
            (
                self.has_image is None or facts.has_image == self.has_image,
                self.longer_than is None or facts.length > self.longer_than,
                self.language is None or facts.language == self.language,
                self.code is None or facts.code == self.code,
                self.tag is None or self.tag.casefold() in facts.tags,
            )
        )

    def __str__(self) -> str:
        told = [
            {True: "has a picture", False: "no picture"}.get(self.has_image),  # type: ignore[arg-type]
            None if self.longer_than is None else f"longer than {self.longer_than:,}",
            self.language and f"in {self.language}",
            {True: "about code", False: "not about code"}.get(self.code),  # type: ignore[arg-type]
            self.tag and f"tagged {self.tag}",
        ]
        return ", ".join(part for part in told if part) or "always"


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    when: When = When()
    model: ModelId
    fallbacks: tuple[ModelId, ...] = Field((), max_length=5)


def read(stored: object) -> tuple[Rule, ...]:
    """The rules in a person's preferences; one that this version does not understand is left out."""
    rules = []
    for value in stored if isinstance(stored, list) else []:
        try:
            rules.append(Rule.model_validate(value))
        except ValidationError:
            continue
    return tuple(rules)
