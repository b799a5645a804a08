#define FLOAT(name) name##_avx512vnni
#include "kernels/float_body.inc"
