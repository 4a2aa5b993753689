# Takes back what activation set.
unset CXX GXX CXXFLAGS
