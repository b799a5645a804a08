#define TILE_INT8_NAME tile_int8_avx2
#include "kernels/tile_int8_body.inc"
