"""The packaging driver: which packages there are, which of them this machine can build, and building them.

`python -m atheria_pack VERB`. py-rattler-build renders, builds and tests; py-rattler solves, installs and indexes. What is
here plans their work, does it in parallel, skips what is up to date, and tells the truth about the rest.
"""
