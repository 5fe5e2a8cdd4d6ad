"""Models on disk: training, the run directory and its manifest, verification, loading, promotion.

Nothing here is imported by the desk's pure parts; they see `actors.strategy.models.Model`. The libraries of the
families (extra `ml`) are imported when a model of theirs is loaded or trained, never before.
"""
