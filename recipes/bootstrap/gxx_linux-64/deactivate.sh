# Takes back what activation set.
unset CXX GXX CXX_FOR_BUILD CXXFLAGS DEBUG_CXXFLAGS
