"""Tests of what people bring in and ask for."""
