"""Tests in Python: what one imports, how it is evaluated into the model of a test, and how it travels.

    shop.py ─modules─> bundle ─evaluation, in a process of its own─> declaration ─┐
                         └────────────────── one text ────────────────────────────┴─loader─> Test

Whoever only wants the test (the client, the coordinator, `verdict`) reads the declaration, which is
data. The code is run by the client once, in a process of its own, and by the agents.
"""
