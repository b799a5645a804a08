#define READ_NAME read_scalar
#include "kernels/read_body.inc"
