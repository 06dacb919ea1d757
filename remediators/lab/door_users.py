"""Who may come in: names as Windows compares them."""

from __future__ import annotations

from collections.abc import Mapping


def user_without_domain(user: str) -> str:
    r"""``LAB\Administrator`` and ``Administrator@lab`` are ``Administrator``."""
    return user.rpartition("\\")[2].partition("@")[0]


def password_of(users: Mapping[str, str], user: str) -> str | None:
    """The password of a user named with or without a domain, in any case; ``None`` where there is no such user."""
    wanted = user_without_domain(user).lower()
    return next((word for name, word in users.items() if user_without_domain(name).lower() == wanted), None)
