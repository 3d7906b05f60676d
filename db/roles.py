"""Who may do what: roles of the named accounts and the rights that go with them."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["reader", "resident", "attending", "researcher", "admin"]
Right = Literal["write", "finalise", "manage accounts"]

ROLES: tuple[str, ...] = get_args(Role)

RIGHTS_OF: dict[str, frozenset[str]] = {
    "reader": frozenset({"write", "finalise"}),
    "resident": frozenset({"write"}),
    "attending": frozenset({"write", "finalise"}),
    "researcher": frozenset(),
    "admin": frozenset({"write", "finalise", "manage accounts"}),
}
"""``write``: reports up to a preliminary one. ``finalise``: sign, addendum, correction. Looking is everybody's right.

An administrator may read and sign too, because in a small practice it is the same person.
"""

MAY_FINALISE: tuple[str, ...] = tuple(role for role in ROLES if "finalise" in RIGHTS_OF[role])


def may(role: str, right: Right) -> bool:
    """Say whether a role has a right."""
    return right in RIGHTS_OF[role]
