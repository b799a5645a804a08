#define ATTEND(name)     name##_avxvnni
#define ATTEND_ROWS      4
#define ATTEND_GROUPS    2
#define ATTEND_PAIR_ROWS 6
#include "kernels/attend_body.inc"
