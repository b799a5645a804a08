#define TILE_INT8_NAME tile_int8_scalar
#include "kernels/tile_int8_body.inc"
