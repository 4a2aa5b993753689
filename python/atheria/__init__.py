"""Atheria: quantum cellular automata whose law is a neural network, computed where something happens."""
