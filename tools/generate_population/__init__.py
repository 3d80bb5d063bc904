"""Invented patients of any number and size, for benchmarks and for trying things out."""
