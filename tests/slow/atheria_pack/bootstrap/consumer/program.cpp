// Links the installed library as a stranger does.
#include <consumer.h>

int main() { return consumer_corner() == 22.0f ? 0 : 1; }
