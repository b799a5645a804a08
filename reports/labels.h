/* What people call a figure of the environment: the labels of facts by their paths, so that a document that was read shows the
 * same tables as the run that wrote it. */
#ifndef POCKETMARK_REPORTS_LABELS_H
#define POCKETMARK_REPORTS_LABELS_H

#include <stdbool.h>

enum { LABEL_MAX = 96 };

/* "roofs.read.524288kib.bytes_per_second" gives "read, 537 MB". False: a fact of that path is not shown in tables. */
bool label_of_path(const char *path, char label[LABEL_MAX]);

#endif
