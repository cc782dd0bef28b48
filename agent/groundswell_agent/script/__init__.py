"""Tests in Python on an agent: their functions in place of steps, and what they are given."""
