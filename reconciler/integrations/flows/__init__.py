"""Conversations with the services that the kinds stand for: probes and actions, as flows.

Pure: generators of requests. No I/O, no clock. The file of a kind holds, in this order, its tables, `probe`, what its
actions do, `ACTIONS`, and below a rule what is private. What all share stands in `asking`, `answers`, `values` and
`verdicts`, what some do in `messages` (chats), `builds`, `commits`, `metrics`, `mirrors` and `memory` (syncs).
"""
