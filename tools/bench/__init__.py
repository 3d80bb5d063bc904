"""Benchmarks: how long translation and evaluation of real measures take, and how much memory."""
