"""Rules: triggers on bars, what is proposed when one fires, and the strategy that trades it (kind `rules`)."""
