// One number that went through BLAS and through a C++ exception.
#ifdef __cplusplus
extern "C"
#endif
float consumer_corner(void);
