#include "runner/provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/libraries.h"

#ifndef POCKETMARK_VERSION
#define POCKETMARK_VERSION "unknown"
#endif
#ifndef POCKETMARK_COMMIT
#define POCKETMARK_COMMIT ""
#endif
#ifndef POCKETMARK_FLAGS
#define POCKETMARK_FLAGS ""
#endif

enum { COMMIT_DIGITS = 40 };

const char *provenance_version(void)
{
    return POCKETMARK_VERSION;
}

const char *provenance_commit(void)
{
    const char *commit = POCKETMARK_COMMIT, *rest = strchr(commit, '-');
    size_t digits = strspn(commit, "0123456789abcdef");

    return digits == COMMIT_DIGITS && (!commit[digits] || (rest == commit + digits && strcmp(rest, "-dirty") == 0))
               ? commit
               : "";
}

enum status provenance_binary(char hex[DIGEST_HEX], struct error *error)
{
    return digest_file("/proc/self/exe", hex, error);
}

/* Paths in flags say nothing about speed, but may hold the name of whoever built the program. */
static void tell_flags(struct facts *tool, const char *flags)
{
    char *text = strdup(flags), *out = text;
    bool path = false;

    for (const char *at = flags; text && *at; at++) {
        if (*at == ' ')
            path = false;
        if (*at == '/' && !path) {
            path = true;
            *out++ = '/';
        } else if (!path) {
            *out++ = *at;
        }
    }
    if (text)
        *out = '\0';
    facts_text_or_null(tool, "flags", NULL, text, "out of memory");
    free(text);
}

void provenance_tool(struct facts *tool, const char binary[DIGEST_HEX])
{
    char libc[64] = "";

    facts_text(tool, "name", NULL, "pocketmark");
    facts_text(tool, "version", NULL, POCKETMARK_VERSION);
    facts_text_or_null(tool, "git_commit", NULL, provenance_commit(), "not built from a commit");
    facts_text(tool, "build_id_sha256", NULL, binary);
#ifdef __clang__
    facts_text(tool, "compiler", NULL, __VERSION__);
#else
    facts_text(tool, "compiler", NULL, "GCC " __VERSION__);
#endif
    tell_flags(tool, POCKETMARK_FLAGS);
    confstr(_CS_GNU_LIBC_VERSION, libc, sizeof libc);
    facts_text_or_null(tool, "libc", NULL, libc, "the C library does not tell");
    libraries_tell(tool);
}
