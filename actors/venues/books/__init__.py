"""Order books as a venue's public stream tells them: levels by price. Pure; how a venue numbers changes is its own."""

from actors.venues.books.order_book import BookSide, Levels, OrderBook

__all__ = ["BookSide", "Levels", "OrderBook"]
