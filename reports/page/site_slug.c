#include "reports/page/site_slug.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reports/digest.h"

enum { SLUG_SHOWN = 40, TAG_DIGITS = 10 };

static bool is_letter(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

/* Bytes of a trademark sign at the beginning. */
static size_t sign_length(const char *name)
{
    static const char *const signs[] = {"(r)", "(tm)", "(c)"};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncasecmp(name, signs[i], strlen(signs[i])) == 0)
            return strlen(signs[i]);
    return 0;
}

bool slug_of_name(char out[SLUG_MAX], const char *name)
{
    size_t used = 0;
    bool whole = true, gap = false;

    for (; *name; name++) {
        unsigned char byte = (unsigned char)*name;
        size_t sign = sign_length(name);
        if (is_letter(byte)) {
            if (used + 1 + (gap && used) > SLUG_SHOWN) {
                whole = false;
                break;
            }
            if (gap && used)
                out[used++] = '-';
            out[used++] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : (char)byte;
            gap = false;
            continue;
        }
        whole &= sign || strchr(" ._-", byte);
        gap = true;
        name += sign ? sign - 1 : 0;
    }
    out[used] = '\0';
    if (!used)
        strcpy(out, "unnamed");
    return whole && used;
}

void slug_tag(char slug[SLUG_MAX], const char *key)
{
    char hex[DIGEST_HEX];
    size_t length = strlen(slug);

    digest_bytes(key, strlen(key), hex);
    snprintf(slug + length, SLUG_MAX - length, "-%.*s", TAG_DIGITS, hex);
}
