"""Laws that ship (``*.atl``), and builders of new ones: torch modules, and programs from numpy weights."""
