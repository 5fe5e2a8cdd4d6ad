"""Behaviour of the operators' actors; as pure as all others."""
