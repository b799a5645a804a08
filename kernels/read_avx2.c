#define READ_NAME read_avx2
#include "kernels/read_body.inc"
