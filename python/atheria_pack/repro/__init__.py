"""Whether packages can be made again: built twice under different circumstances, compared byte by byte."""
