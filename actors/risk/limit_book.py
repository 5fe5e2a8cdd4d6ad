"""Which limits are in force: the settings, what operators changed since, and what each scope has of its own.

A scope is `desk`, or `symbol:`, `tier:`, `theme:`, `strategy:`, `venue:` with a name. An intent is judged by the
strictest value of each limit over all scopes it is in (a symbol's own limit can't loosen the desk's; the hedge bot of
sheet H let it). What an operator sets takes the place of the setting of the same scope. `max_exposure` of a tier, theme
or venue bounds all of its listings together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from actors.risk.adaptation import ADAPTATION
from actors.risk.limit_table import (
    CAPPED,
    FACTUAL,
    GROUP_CAP,
    LIMITS,
    PACE,
    SCOPES,
    STATISTICAL,
    loosens,
    parse,
    strictest,
    write,
)
from actors.risk.limits import LimitValue, RiskLimits, RiskSettings, check_settings, listing_id
from actors.risk.state import RiskState
from messages.errors import RiskLimitError
from messages.limits import DESK


class GroupCap(NamedTuple):
    """The part of NAV that the listings of a scope may be exposed to together."""

    kind: str
    scope: str
    part: Decimal
    listings: tuple[str, ...]


class InForce(NamedTuple):
    """What an intent of one strategy on one listing is judged by; `is_listed`: its symbol is on the whitelist."""

    limits: RiskLimits
    caps: tuple[GroupCap, ...]
    is_listed: bool


Values = Mapping[str, Mapping[str, LimitValue]]


class LimitBook:
    """The limits in force for one state of the changes and of the universe's tiers; made anew when either changes."""

    def __init__(self, settings: RiskSettings, state: RiskState) -> None:
        self.changes, self.tiers = state.limit_changes, state.tiers
        self._settings = settings
        self._scopes = scoped_values(settings, state.limit_changes)
        own = self._scopes.get(DESK, {})
        self.configured = msgspec.structs.replace(settings.limits, **own) if own else settings.limits
        if settings.live and not self.configured.strict:  # changed before the desk was live
            self.configured = msgspec.structs.replace(self.configured, strict=True)
        self.desk = self.configured
        adapted = self._scopes.get(ADAPTATION) if settings.adaptation.enabled else None
        if adapted:
            tighter = {
                name: strictest(name, (getattr(self.desk, name), each)) for name, each in adapted.items()
            }
            self.desk = msgspec.structs.replace(self.desk, **tighter)
        self._symbols_of_tier = {**state.tiers, **settings.tiers}
        self._found: dict[tuple[str, str], InForce] = {}
        self._limits: dict[tuple[str, ...], RiskLimits] = {}
        """By the scopes that have any of their own: the same object for all listings that are in the same."""
        self.counts = self._sets_any(PACE)
        self.measures = self._sets_any(STATISTICAL)
        self.has_groups = any(GROUP_CAP in values for values in self._scopes.values())
        self.narrows_symbols = self._narrows("max_symbol_exposure")
        self.has_caps = self.has_groups or self._sets_any(FACTUAL) or self.narrows_symbols
        self._members: dict[str, tuple[str, ...]] = {}

    def of(self, strategy: str, venue: str, symbol: str) -> InForce:
        """What is in force for intents of a strategy on a symbol of a venue."""
        key = (strategy, listing_id(venue, symbol))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._resolve(strategy, venue, symbol)
        return found

    def caps(self) -> tuple[GroupCap, ...]:
        """The caps of all tiers, themes and venues that have one."""
        return self._caps_of(self._scopes)

    def scopes_of(self, strategy: str, venue: str, symbol: str) -> tuple[str, ...]:
        """The scopes that an intent is in, the widest first."""
        tier = self._symbols_of_tier.get(symbol)
        themes = [f"theme:{name}" for name, symbols in self._settings.themes.items() if symbol in symbols]
        tiers = [] if tier is None else [f"tier:{tier}"]
        return (f"venue:{venue}", f"strategy:{strategy}", *tiers, *themes, f"symbol:{symbol}")

    def _resolve(self, strategy: str, venue: str, symbol: str) -> InForce:
        names = self.scopes_of(strategy, venue, symbol)
        scopes = {name: self._scopes[name] for name in names if name in self._scopes}
        own = scopes.values()
        alike = tuple(scopes)
        limits = self._limits.get(alike)
        if limits is None:
            limits = self._limits[alike] = self._within(own)
        return InForce(limits, self._caps_of(scopes), symbol in (limits.whitelist or ()))

    def _within(self, own: Collection[Mapping[str, LimitValue]]) -> RiskLimits:
        """The desk's limits, each as strict as the strictest of these."""
        changed = {
            limit: strictest(limit, (getattr(self.desk, limit), *(values.get(limit) for values in own)))
            for limit in dict.fromkeys(limit for values in own for limit in values)
            if limit != GROUP_CAP
        }
        return msgspec.structs.replace(self.desk, **changed) if changed else self.desk

    def _caps_of(self, scopes: Values) -> tuple[GroupCap, ...]:
        found = []
        for scope, values in scopes.items():
            part = values.get(GROUP_CAP)
            if isinstance(part, Decimal):
                found.append(GroupCap(scope.partition(":")[0], scope, part, self._listings(scope)))
        return tuple(found)

    def _listings(self, scope: str) -> tuple[str, ...]:
        """The listings of a scope; the same tuple whenever it is asked for."""
        known = self._members.get(scope)
        if known is not None:
            return known
        kind, _, name = scope.partition(":")
        found = []
        for one in self._settings.instruments:
            if kind == "venue":
                belongs = one.venue == name
            elif kind == "tier":
                belongs = self._symbols_of_tier.get(one.symbol) == name
            else:
                belongs = one.symbol in self._settings.themes.get(name, ())
            if belongs:
                found.append(listing_id(one.venue, one.symbol))
        members = self._members[scope] = tuple(found)
        return members

    def _narrows(self, name: str) -> bool:
        """Whether a part of the desk has a limit of its own of what all have."""
        return any(name in values for scope, values in self._scopes.items() if scope != DESK)

    def _sets_any(self, names: frozenset[str]) -> bool:
        if any(getattr(self.desk, name) is not None for name in names):
            return True
        return any(name in values for values in self._scopes.values() for name in names)


def scoped_values(
    settings: RiskSettings, changes: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, LimitValue]]:
    """The limits that scopes have of their own: those of the settings, with what was changed since in their place."""
    values = {scope: dict(own) for scope, own in settings.overrides.items()}
    for scope, own in changes.items():
        values.setdefault(scope, {}).update({name: parse(name, text) for name, text in own.items()})
    return values


def own_value(
    settings: RiskSettings, changes: Mapping[str, Mapping[str, str]], scope: str, name: str
) -> LimitValue | None:
    """What a scope has of its own of one limit; None when it has none."""
    found = scoped_values(settings, changes).get(scope, {}).get(name)
    if found is None and scope == DESK and name != GROUP_CAP:
        of_desk: LimitValue | None = getattr(settings.limits, name)
        return of_desk
    return found


def with_change(
    changes: Mapping[str, Mapping[str, str]], scope: str, name: str, text: str | None
) -> dict[str, dict[str, str]]:
    """The changes and one more; None for the setting's own value."""
    after = {each: dict(own) for each, own in changes.items()}
    if text is None:
        after.get(scope, {}).pop(name, None)
    else:
        after.setdefault(scope, {})[name] = text
    return {each: own for each, own in after.items() if own}


class Change(NamedTuple):
    """A change that may be made: what the scope has of its own before and after, and all changes with it."""

    before: LimitValue | None
    after: LimitValue | None
    changes: dict[str, dict[str, str]]


def changed(
    settings: RiskSettings,
    changes: Mapping[str, Mapping[str, str]],
    name: str,
    scope: str,
    value: str | None,
    acknowledgement: str,
) -> Change:
    """What becomes of the changes when a limit is set, None for the setting's own value.

    Raises `RiskLimitError` or `ConfigurationError` where the limit, the scope or the value make no sense, alone or with
    the others, and where a live desk would loosen without an acknowledgement.
    """
    _check_scope(settings, name, scope)
    before = own_value(settings, changes, scope, name)
    after_all = with_change(changes, scope, name, None if value is None else _sound(settings, name, value))
    after = own_value(settings, after_all, scope, name)
    if settings.live and name == "strict" and after is False:
        raise RiskLimitError("a live desk is always strict", field=name, value=value, remedy="leave it true")
    if settings.live and loosens(name, before, after) and not acknowledgement.strip():
        raise RiskLimitError(
            "a live desk loosens a limit only with an acknowledgement",
            field=name,
            value=value,
            remedy="say what you have looked at and accept, or set a stricter value",
        )
    of_desk = scoped_values(settings, after_all).get(DESK, {})
    check_settings(
        msgspec.structs.replace(settings, limits=msgspec.structs.replace(settings.limits, **of_desk))
    )
    return Change(before, after, after_all)


def _sound(settings: RiskSettings, name: str, text: str) -> str:
    """The plain text of a value that the limit may have."""
    value, row = parse(name, text), LIMITS[name]
    if row.share and isinstance(value, Decimal) and value > 1:
        remedy = "write 100% at most"
        raise RiskLimitError("more than the whole would be no limit", field=name, value=text, remedy=remedy)
    if isinstance(value, tuple):
        known = dict.fromkeys(one.symbol for one in settings.instruments)
        unknown = [each for each in value if each not in known]
        if unknown:
            remedy = "name some of " + ", ".join(known)
            raise RiskLimitError(
                "the desk does not know this symbol", field=name, value=unknown[0], remedy=remedy
            )
    return write(value)


def check_overrides(settings: RiskSettings) -> None:
    """Raises `RiskLimitError` for a scope or limit of the settings' overrides that there is not."""
    for scope, own in settings.overrides.items():
        for name in own:
            _check_scope(settings, name, scope)


def _check_scope(settings: RiskSettings, name: str, scope: str) -> None:
    if name not in LIMITS:
        remedy = "one of " + ", ".join(LIMITS)
        raise RiskLimitError("there is no such limit", field="name", value=name, remedy=remedy)
    kind, _, of = scope.partition(":")
    if scope != DESK and (kind not in SCOPES or not of):
        remedy = f"{DESK}, or one of {', '.join(SCOPES)} with a name, such as symbol:BTC-USDT"
        raise RiskLimitError("there is no such scope", field="scope", value=scope, remedy=remedy)
    if name == GROUP_CAP and kind not in CAPPED:
        remedy = f"give it to one of {', '.join(CAPPED)}; a symbol has max_symbol_exposure"
        raise RiskLimitError("not a limit of this scope", field=name, value=scope, remedy=remedy)
    if scope != DESK and not LIMITS[name].scoped:
        raise RiskLimitError(
            "holds for the whole desk", field=name, value=scope, remedy=f"leave it to {DESK}"
        )
    known = {
        "symbol": {one.symbol for one in settings.instruments},
        "venue": {one.venue for one in settings.instruments},
        "theme": set(settings.themes),
    }.get(kind)
    if known is not None and of not in known:
        remedy = "one of " + ", ".join(sorted(known)) if known else f"name one in the settings: risk.{kind}s"
        raise RiskLimitError("the desk does not know it", field="scope", value=scope, remedy=remedy)
