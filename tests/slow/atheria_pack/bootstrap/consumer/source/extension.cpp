// The library from Python.
#include <pybind11/pybind11.h>

#include "consumer.h"

PYBIND11_MODULE(consumer, module) { module.def("corner", &consumer_corner); }
