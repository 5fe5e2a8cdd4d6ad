"""The WebSocket side of the USD-M front end: connections, subscriptions, market streams, private events."""
