/* Names of files from names of anything: what is on a page of a site is found again under the same address. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_SLUG_H
#define POCKETMARK_REPORTS_PAGE_SITE_SLUG_H

#include <stdbool.h>

enum { SLUG_MAX = 64 };

/* "Intel(R) Xeon(R) Gold 6130" gives "intel-xeon-gold-6130": [a-z0-9-], no dash at an end nor two side by side, at most 40
 * characters; "unnamed" where nothing is left. False where another name could well give the same. */
bool slug_of_name(char out[SLUG_MAX], const char *name);

/* Puts "-" and ten digits of the key's hash behind a slug: another one for every key. */
void slug_tag(char slug[SLUG_MAX], const char *key);

#endif
