/* Units as a table: scale and suffix, for printing and parsing. */
#ifndef POCKETMARK_REPORTS_UNITS_H
#define POCKETMARK_REPORTS_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes `value` of the unit a field or fact name ends in, scaled and with three significant digits: ("bytes", 1.5e9) gives
 * "1.50 GB", ("macs_per_second", 7.6e11) "760 GMAC/s", ("ratio", 0.94) "94.0 %", ("seconds", 0.0021) "2.10 ms". NaN gives "–".
 * Decimal prefixes. Returns out. */
char *units_format(char *out, size_t size, const char *unit, double value);

/* The unit at the end of a name, longest first: "decode_read_bytes_per_second" gives "bytes_per_second"; "" for none. */
const char *units_of_name(const char *name);

/* Parses "512", "4k", "1.5G", "2Gi", "90s", "2min" by the table of `unit` ("count", "bytes", "seconds", "percent", "number"). False on anything else. */
bool units_parse(const char *text, const char *unit, double *value);

#endif
