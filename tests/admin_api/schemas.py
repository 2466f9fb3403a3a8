"""Holding answers to the OpenAPI document, by an independent reader of JSON Schema."""

import re
from functools import cached_property
from typing import Any

import requests
from jsonschema import Draft202012Validator


class Document:
    """The document as it was served, and which of its operations were seen to answer."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.seen: set[tuple[str, str]] = set()

    @cached_property
    def operations(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Every operation by its method and path."""
        return {
            (method.upper(), path): operation
            for path, methods in self.content["paths"].items()
            for method, operation in methods.items()
        }

    def check(self, method: str, path: str, answer: requests.Response) -> None:
        """Assert that an answer is one of those that are described for its operation."""
        template = self._template(method, path)
        responses = self.operations[method, template]["responses"]
        status = str(answer.status_code)
        assert status in responses, f"{method} {template} does not speak of {status}: {answer.text}"
        assert answer.headers["Cache-Control"] == "no-store"
        self.seen.add((method, template))
        content = responses[status].get("content")
        if content is None:
            assert answer.content == b""
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in content, f"{method} {template} answers {kind}"
        value = answer.json() if kind == "application/json" else answer.text
        self.validate(value, content[kind]["schema"])

    def validate(self, value: Any, schema: dict[str, Any]) -> None:
        """Assert that a value is as a schema of the document says."""
        whole = {**schema, "components": self.content["components"]}
        problems = [
            f"{one.json_path}: {one.message}" for one in Draft202012Validator(whole).iter_errors(value)
        ]
        assert not problems, problems

    def _template(self, method: str, path: str) -> str:
        for known_method, template in self.operations:
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if known_method == method and re.fullmatch(pattern, path):
                return template
        raise AssertionError(f"{method} {path} is not in the document")
