#define VECTOR(name) name##_avx2
#include "kernels/vector_body.inc"
