"""The refusals of GitLab's API: one exception, and a name for each of its forms.

Sources: GitLab's documentation of the REST API and a running GitLab 18.9.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..message import Response


class ApiError(Exception):
    """A request was refused; `response` says how. Raising it from a handler ends the call."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status}")
        self.response = response


def message(status: int, value: object, headers: Mapping[str, str] | None = None) -> ApiError:
    """A refusal of the form `{"message": …}`."""
    return ApiError(Response.of_json(status, {"message": value}, headers))


def error(status: int, text: str) -> ApiError:
    """A refusal of the form `{"error": …}`: parameters, unknown routes, plain texts."""
    return ApiError(Response.of_json(status, {"error": text}))


def unauthorized() -> ApiError:
    """401: nobody we know is asking."""
    return message(401, "401 Unauthorized")


def forbidden(reason: str | None = None) -> ApiError:
    """403: the role is too small."""
    return message(403, f"403 Forbidden - {reason}" if reason else "403 Forbidden")


def not_found(thing: str | None = None) -> ApiError:
    """404 with the name of what is missing; without one GitLab's text for an absent record."""
    return message(404, f"404 {thing} Not Found" if thing else "404 Not Found")


def no_record() -> ApiError:
    """404 of a record that was looked up by id and is not there (note the small f)."""
    return message(404, "404 Not found")


def no_route() -> ApiError:
    """404 of a path or method that the API does not have."""
    return error(404, "404 Not Found")


def bad_request(reason: str | None = None) -> ApiError:
    """400 with a reason behind `400 Bad request - `."""
    return message(400, f"400 Bad request - {reason}" if reason else "400 Bad request")


def invalid(errors: Mapping[str, list[str]], status: int = 400) -> ApiError:
    """A record refused by its model: `{"message": {field: [texts]}}`."""
    return message(status, dict(errors))


def server_error() -> ApiError:
    """500: one of the defects that GitLab has and the sandbox keeps."""
    return message(500, "500 Internal Server Error")


def token_error(status: int, code: str, description: str, scope: str | None = None) -> ApiError:
    """A refusal of the token itself; 401s carry `WWW-Authenticate`."""
    body = {"error": code, "error_description": description} | ({"scope": scope} if scope else {})
    challenge = f'Bearer realm="Protected by OAuth 2.0", error="{code}", error_description="{description}"'
    return ApiError(Response.of_json(status, body, {"WWW-Authenticate": challenge} if status == 401 else None))
