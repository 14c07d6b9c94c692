"""Sequences effects through ports; decides nothing about data."""
