#define ATTEND_NAME   attend_f16_avx512vnni
#define ATTEND_ROWS   4
#define ATTEND_PANELS 4
#include "kernels/attend_body.inc"
