"""In which step a digest of the actor's state is put into the journal.

It takes milliseconds where the state is large, ten times as long as the step itself, and the commit has to wait for
it. So it is kept off the way of orders: a step in a hurry leaves it to one of the next.
"""

from __future__ import annotations

from actors.base import Context


def is_digest_due(since: int, every: int, context: Context) -> bool:
    """Whether the step of `context`, the `since`-th after the last digest, has to have one.

    That is every `every` steps, and after almost twice as many where each of them is in a hurry.
    """
    return since >= every and (since >= 2 * every - 1 or not is_hurried(context))


def is_hurried(context: Context) -> bool:
    """Whether somebody waits for what this step sets off: an effect to be performed, or mail that may be refused
    because it is of no use when it comes late (intents, approvals).
    """
    return bool(context.effects) or any(type(each.message).refusable for each in context.envelopes)
