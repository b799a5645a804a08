#include "runner/provenance.h"

#include <string.h>

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
    const char *commit = POCKETMARK_COMMIT;
    size_t digits = strspn(commit, "0123456789abcdef");

    return digits == COMMIT_DIGITS && (!commit[digits] || strcmp(commit + digits, "-dirty") == 0) ? commit : "";
}

enum status provenance_binary(char hex[DIGEST_HEX], struct error *error)
{
    return digest_file("/proc/self/exe", hex, error);
}

void provenance_tool(struct facts *tool, const char binary[DIGEST_HEX])
{
    facts_text(tool, "name", NULL, "pocketmark");
    facts_text(tool, "version", NULL, POCKETMARK_VERSION);
    if (*provenance_commit())
        facts_text(tool, "git_commit", NULL, provenance_commit());
    facts_text(tool, "build_id_sha256", NULL, binary);
#ifdef __clang__
    facts_text(tool, "compiler", NULL, __VERSION__);
#else
    facts_text(tool, "compiler", NULL, "GCC " __VERSION__);
#endif
    facts_text(tool, "flags", NULL, POCKETMARK_FLAGS);
}
