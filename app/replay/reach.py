"""Who qualified, and whom of them a push reaches now (C014): on the devices that WHO selects, and no other (C021)."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.model.app_rules import AppRules
from app.domain.model.user import User
from app.domain.qualify import chosen
from app.domain.rules.plan import Catalog
from app.domain.rules.surface import Reachable, choose
from app.replay.users import Users


class Reach:
    """Remembers of everybody who qualified the devices for which WHO held then; of none where it asks for no device."""

    def __init__(self, campaigns: Iterable[str], catalog: Catalog, rules: AppRules) -> None:
        self._plans = {campaign: catalog.in_force(campaign) for campaign in campaigns}
        self._catalog = catalog
        self._rules = rules
        self._users: dict[str, dict[str, tuple[str, ...] | None]] = {campaign: {} for campaign in self._plans}

    def qualified(self, campaign: str, user: User, now_ms: int) -> None:
        """They did."""
        self._users[campaign][user.id] = self._chosen(campaign, user, now_ms)

    def count(self, campaign: str) -> int:
        """How many users qualified."""
        return len(self._users[campaign])

    def reachable(self, campaign: str, users: Users, now_ms: int) -> int:
        """How many of them a push reaches now."""
        known = sorted(self._users[campaign].items())
        return sum(self._is_reached(campaign, users.get(user), then, now_ms) for user, then in known)

    def _is_reached(self, campaign: str, user: User, then: tuple[str, ...] | None, now_ms: int) -> bool:
        """On a device for which WHO holds now; where it holds for none any more, on those for which it held."""
        if then is None:
            return isinstance(choose(user.profile), Reachable)
        names = self._chosen(campaign, user, now_ms) or then
        devices = [device for name, device in user.profile.devices.items() if name in names]
        return isinstance(choose(user.profile, devices), Reachable)

    def _chosen(self, campaign: str, user: User, now_ms: int) -> tuple[str, ...] | None:
        plan = self._plans[campaign]
        devices = None if plan is None else chosen(plan, user, self._catalog, self._rules, now_ms)
        return None if devices is None else tuple(device.id for device in devices)
