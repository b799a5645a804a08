/* The shared objects that this process runs on. */
#ifndef POCKETMARK_RUNNER_LIBRARIES_H
#define POCKETMARK_RUNNER_LIBRARIES_H

#include "reports/facts.h"

/* "libraries[i].name", the file's name without its folder, and "libraries[i].build_id", the hash that its linker wrote into it;
 * in the order they were loaded, preloaded ones too. Nothing for a program that is linked statically. */
void libraries_tell(struct facts *tool);

#endif
