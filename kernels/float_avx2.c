#define FLOAT(name) name##_avx2
#include "kernels/float_body.inc"
