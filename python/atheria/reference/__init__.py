"""The readable truth: the step, the vacuum and the laws in numpy, written to be read and to judge the native engine."""
