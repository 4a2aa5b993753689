// The metal plugin's text, read as C++14: Metal's address spaces are no words of C++ and go away, its attributes are unknown ones.
#define __METAL_VERSION__ 300
#define kernel
#define device
#define constant const
#define threadgroup
#define thread
#include METAL_TEXT
