"""The fault campaign over the whole desk."""
