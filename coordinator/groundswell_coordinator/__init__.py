"""The coordinator: splits a test into shares, merges what agents measure, gives the verdict.

The commands that people type are here as well.
"""
