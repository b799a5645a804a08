#define FLOAT(name) name##_scalar
#include "kernels/float_body.inc"
