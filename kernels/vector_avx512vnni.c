#define VECTOR(name) name##_avx512vnni
#include "kernels/vector_body.inc"
