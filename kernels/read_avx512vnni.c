#define READ_NAME read_avx512vnni
#include "kernels/read_body.inc"
