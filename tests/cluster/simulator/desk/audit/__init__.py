"""Tests of the auditor's own books."""
