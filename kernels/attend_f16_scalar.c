#define ATTEND_NAME   attend_f16_scalar
#define ATTEND_ROWS   2
#define ATTEND_PANELS 1
#include "kernels/attend_body.inc"
