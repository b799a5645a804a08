#define TILE_INT8_NAME tile_int8_avx512vnni
#include "kernels/tile_int8_body.inc"
