#define ATTEND(name)     name##_avx512vnni
#define ATTEND_ROWS      6
#define ATTEND_GROUPS    4
#define ATTEND_PAIR_ROWS 6
#include "kernels/attend_body.inc"
