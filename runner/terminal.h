/* What standard output can show. */
#ifndef POCKETMARK_RUNNER_TERMINAL_H
#define POCKETMARK_RUNNER_TERMINAL_H

#include "reports/writer.h"

/* Colour on a terminal without NO_COLOR, signs beyond ASCII where the locale speaks UTF-8, and the width: the terminal's, else
 * 100 columns. */
struct writer_style terminal_style(void);

#endif
