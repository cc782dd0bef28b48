"""Measurements that anyone can repeat: `make bench`. Ratios against a peer in the same run; never a test."""
