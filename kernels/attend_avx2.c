#define ATTEND(name)  name##_avx2
#define ATTEND_ROWS   4
#define ATTEND_PANELS 1
#include "kernels/attend_body.inc"
