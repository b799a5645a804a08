#define VECTOR(name) name##_scalar
#include "kernels/vector_body.inc"
