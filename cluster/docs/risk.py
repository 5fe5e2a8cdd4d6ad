"""The page of risk's checks and limits, printed from the tables that the code goes by."""

from __future__ import annotations

import json

from actors.risk.checks import CHECKS
from actors.risk.checks.row import Check
from actors.risk.limit_table import LIMITS, PACE, Stricter
from cluster.docs.markdown import code, codes, page, table
from config.catalogue import node_at

_HEAD = """\
# Risk

*Written by `python -m cluster.docs` from the tables the code works with; a test compares it with the code.*

Every order begins as an intent, and one actor answers: approved, resized or rejected. What it approves is reserved in
the same step, at the worst price, until nothing more can come of it; limits are judged under the worst fate of all that
is open. What can't increase exposure under any of those fates passes every limit, in every mode but OBSERVE; the one
exception is `risk.min_profit`, which is off.

[Checks](#checks) · [Limits of a part of the desk](#limits-of-a-part-of-the-desk) ·
[Limits while the desk trades](#limits-while-the-desk-trades) · [What is counted](#what-is-counted) ·
[What would it allow now?](#what-would-it-allow-now)"""

_SCOPES = """\
## Limits of a part of the desk

`risk.overrides` gives limits to a symbol, a tier, a theme, a strategy or a venue. An intent is judged by the strictest
value of all it belongs to: a part can tighten what holds for the desk, never loosen it. `max_exposure` bounds a tier,
a theme or a venue as a whole.

```yaml
risk:
  max_order_notional: 10000
  tiers: {core: [BTC-USDT]}
  themes: {layer1: [BTC-USDT, ETH-USDT]}
  overrides:
    symbol:BTC-USDT: {max_order_notional: 5000, block_side: sell}
    tier:core: {max_exposure: 30%}
    theme:layer1: {max_exposure: 35%, symbol_spacing: 15m}
    strategy:ema: {max_hourly_trades: 6}
```

A symbol's tier is the one named here, else the one the universe gave it."""

_CHANGING = """\
## Limits while the desk trades

`raydesk limits set NAME VALUE` changes a limit, for the desk or with `--scope symbol:BTC-USDT` for a part of it;
`VALUE` is written as in the settings, and `default` takes the setting's value back. The command is journalled with who
sent it, holds over restarts and other settings until it is changed again, and is refused with its reason where it makes
no sense. A live desk loosens a limit only with `--ack TEXT`. What is held and exceeds a limit that was tightened puts
the desk in REDUCE in the same step. Every decision says by which version of the limits it was judged
(`limits_version`); `raydesk limits show` prints what is in force and what was changed."""

_COUNTED = """\
## What is counted

Entries are approved intents that may increase exposure: a rejected intent uses no slot, an exit neither. Hours and
cycles are windows of UTC, days those of `risk.day_boundary`; `max_burst` looks at any span of `burst_window`. A
position has ended when the account holds none of it; whether it has won or lost counts after all fees. Counting begins
when the first of these limits is set: {names}. The counts are risk's state: a restart forgets none."""

_WHAT_IF = """\
## What would it allow now?

`raydesk risk` prints the room left of every limit on a sum or a count, `raydesk risk --what-if BTC-USDT buy 5000` every
check's answer to an order of that value, as risk would give it now. Nothing is sent. In code the same is
`RiskEngine.check_all(intents, portfolio, now, regime=...)`, which judges intents that are raised together, the most
confident first."""


def risk_page() -> str:
    """The whole page."""
    return page(_HEAD, _checks(), _SCOPES, _CHANGING, _limits(), _counted(), _WHAT_IF)


def _checks() -> str:
    rows = (
        (
            str(number),
            code(check.name),
            check.says,
            code(f"risk.{check.setting}" if check.setting else ""),
            _default(check),
            codes(reason.value for reason in check.reasons),
            "allow, reject: " + check.no_resize if check.no_resize else "allow, resize, reject",
        )
        for number, check in enumerate(CHECKS, 1)
    )
    return page(
        "## Checks",
        "In this order; the first that fails is the headline, all that fail are told. A check whose limit is not set "
        "is not asked. Where a smaller quantity would pass, the intent is resized instead of rejected; where no amount "
        "is at fault, to the part that can't increase exposure. A symbol that no venue lists is rejected before, as "
        "`symbol_unknown`. The last column says what tests prove of each check: `pytest tests/actors/risk -k CHECK`.",
        table(("", "check", "passes when", "setting", "default", "reasons", "tests"), rows),
        "The worst case of a replaced order needs no check of its own: the old order stays reserved until it is known "
        "to be gone, and the new one is judged beside it.",
    )


def _default(check: Check) -> str:
    if not check.setting:
        return "-"
    node = node_at(("risk", *check.setting.split(".")))
    assert node is not None, check.setting
    if node.form == "section":
        return "-"
    if node.default in (None, {}):
        return "off"
    return code(node.default if isinstance(node.default, str) else json.dumps(node.default))


def _limits() -> str:
    words = {
        Stricter.LOWER: "the lower",
        Stricter.HIGHER: "the higher",
        Stricter.BOTH: "what both allow",
        Stricter.NEAREST: "the narrowest scope's",
    }
    rows = (
        (
            code(name),
            row.form.value,
            words[row.stricter],
            "the desk" if not row.scoped else "the desk or a part of it",
        )
        for name, row in LIMITS.items()
    )
    return page(
        "### What can be changed",
        table(("limit", "form", "stricter is", "may be set for"), rows),
    )


def _counted() -> str:
    return _COUNTED.format(names=codes(name for name in LIMITS if name in PACE))
