"""Dashboards of Grafana, and the code that writes them."""
