"""How an operation wants to be authenticated: its first way, with a variable in place of the secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_coordinator.importers.draft import Request
    from groundswell_coordinator.importers.openapi.document import Document, Object
    from groundswell_coordinator.importers.recorded import Converter


@dataclass(frozen=True, slots=True)
class Security:
    document: Document
    converter: Converter

    def apply(self, request: Request, operation: Object, where: str) -> None:
        wanted = self.document.objects(
            operation["security"] if "security" in operation else self.document.root.get("security")
        )
        if not wanted or any(not one for one in wanted):
            # One that is empty: it works without, too.
            return
        components = self.document.resolved(self.document.root.get("components"))
        schemes = self.document.resolved(components.get("securitySchemes"))
        for name in wanted[0]:
            self._scheme(request, name, self.document.resolved(schemes.get(name)), where)

    def _scheme(self, request: Request, name: str, scheme: Object, where: str) -> None:
        kind, place = scheme.get("type"), scheme.get("in")
        way = str(scheme.get("scheme", "")).lower()
        if kind in ("oauth2", "openIdConnect") or (kind == "http" and way == "bearer"):
            note = "a token, got before the run" if kind != "http" else f"the token of {name}"
            request.auth = {"bearer": self._secret(name, note)}
        elif kind == "http" and way == "basic":
            password = self._secret(f"{name}_password", f"the password of {name}")
            request.auth = {"basic": {"user": "user", "password": password}}
        elif kind == "apiKey" and place == "header":
            request.headers[str(scheme.get("name"))] = self._secret(name, f"the key of {name}")
        elif kind == "apiKey" and place == "query" and scheme.get("name"):
            request.query[str(scheme.get("name"))] = self._secret(name, f"the key of {name}")
        elif kind == "apiKey" and place == "cookie":
            secret = self._secret(name, f"the cookie of {name}")
            request.headers["Cookie"] = f"{scheme.get('name')}={secret}"
        else:
            self.converter.lost.append(f"the authentication {name} ({kind} {way}) of {where}")

    def _secret(self, key: str, where: str) -> str:
        # There is no value yet: the name stands for it.
        return self.converter.secrets.variable(key, f"\0{key}", where)
