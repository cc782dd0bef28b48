"""The coordinator: splits a test into shares, merges what agents measured, gives the verdict; and the client commands."""
