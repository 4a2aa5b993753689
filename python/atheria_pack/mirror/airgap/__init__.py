"""Across an air gap: signatures, bundles with what a mirror lacks, export on one side, import on the other."""
