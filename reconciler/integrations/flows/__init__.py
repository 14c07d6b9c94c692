"""Conversations with the services that the kinds stand for: probes and actions, as flows.

Pure: generators of requests. No I/O, no clock.
"""
