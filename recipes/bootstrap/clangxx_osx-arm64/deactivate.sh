# Takes back what activation set.
unset CXX CLANGXX CXXFLAGS
