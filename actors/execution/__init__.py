"""The execution actor of one venue account: order lifecycle, unknown outcomes, reconciliation."""
