#define ATTEND(name)  name##_scalar
#define ATTEND_ROWS   2
#define ATTEND_PANELS 1
#include "kernels/attend_body.inc"
