"""Figures in Prometheus' format: for the port of `petmsg serve`, and in a file for a collector.

The only package that imports prometheus_client (the extra `metrics`). Knows no database: it is
given what to call for the figures of the orgs.
"""
