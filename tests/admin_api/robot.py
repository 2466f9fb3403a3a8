"""A program that administers the center: its token, and its calls, each held to the document."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from tests.admin_api.schemas import Document
from tests.harness.center import Center

BASE = "/api/admin"


def token_of(center: Center, client_id: str, secret: str, **form: str) -> requests.Response:
    return center.http.post(
        center.url("/token"),
        data={"grant_type": "client_credentials", **form},
        auth=(client_id, secret),
        timeout=60,
    )


@dataclass
class Robot:
    """Calls the API with its token. Whatever is answered must be what the document says."""

    center: Center
    client_id: str
    secret: str
    token: str = ""

    def renew(self) -> "Robot":
        """Get a fresh token."""
        self.token = token_of(self.center, self.client_id, self.secret).json()["access_token"]
        self.center.secrets |= {self.secret, self.token}
        return self

    @cached_property
    def document(self) -> Document:
        return Document(self.center.get(f"{BASE}/openapi.json").json())

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        token: str | None = None,
        **query: Any,
    ) -> requests.Response:
        """Make a call, and assert its status and that the document describes the answer."""
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        answer = self.center.http.request(
            method,
            self.center.url(BASE + path),
            params=query,
            data=None if body is None else body if isinstance(body, str) else json.dumps(body),
            headers=headers,
            timeout=60,
        )
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        self.document.check(method, BASE + path, answer)
        return answer

    def get(self, path: str, **query: Any) -> Any:
        return self.ask("GET", path, **query).json()

    def refused(self, method: str, path: str, body: Any = None, *, status: int = 400, **query: Any) -> Any:
        """Make a call that is refused, and return what the refusal says."""
        return self.ask(method, path, body, status=status, **query).json()

    def pages(self, path: str, noun: str, **query: Any) -> list[Any]:
        """Read all pages of a list."""
        found: list[Any] = []
        said = self.get(path, **query)
        while True:
            found += said[noun]
            if said["next"] is None:
                return found
            said = self.get(path, cursor=said["next"], **query)
