"""Tests, laid out as what they test; see CONTRIBUTING.md."""
