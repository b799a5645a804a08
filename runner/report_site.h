/* `pocketmark report --site`: a board over any number of results. */
#ifndef POCKETMARK_RUNNER_REPORT_SITE_H
#define POCKETMARK_RUNNER_REPORT_SITE_H

#include "kernels/base.h"

struct options;

/* Makes the site that --site asks for from the arguments, or from the folder `fallback` where there are none, and prints what it
 * holds. STATUS_MISUSE where an option does not go with it; else as site_build. */
enum status report_site(const struct options *options, const char *fallback, struct error *error);

/* STATUS_MISUSE where options for a site are there without one. */
enum status report_site_missing(const struct options *options, struct error *error);

#endif
