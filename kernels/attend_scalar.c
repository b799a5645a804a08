#define ATTEND(name)  name##_scalar
#define ATTEND_ROWS   4
#define ATTEND_GROUPS 2
#include "kernels/attend_body.inc"
