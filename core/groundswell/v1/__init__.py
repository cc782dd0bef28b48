"""The wire: generated from proto/groundswell/v1 by `make proto`, compared with it by a test. Never edited."""
