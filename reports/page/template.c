#include "reports/page/template.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "reports/emit.h"
#include "reports/text.h"

static void write_text(FILE *out, const char *text, size_t columns)
{
    char *cut;

    if (!columns || text_bytes(text, columns) == strlen(text)) {
        emit_html_text(out, text);
    } else if ((cut = strndup(text, text_bytes(text, columns - 1))) != NULL) {
        emit_html_text(out, cut);
        fputs("…", out);
        free(cut);
    }
}

/* The value that `{{name}}` or `{{{name}}}` at `at` asks for, and what follows it; NULL where it is none. */
static const struct template_value *value_at(const char *at, const struct template_value *values, bool *markup,
                                             const char **rest)
{
    const char *name, *end;

    *markup = at[2] == '{';
    name = at + 2 + *markup;
    end = strstr(name, *markup ? "}}}" : "}}");
    for (; end && values->name; values++) {
        if (strlen(values->name) == (size_t)(end - name) && strncmp(values->name, name, (size_t)(end - name)) == 0) {
            *rest = end + 2 + *markup;
            return values;
        }
    }
    return NULL;
}

void template_write(FILE *out, const char *template, const struct template_value *values)
{
    const char *at, *rest;

    for (; (at = strstr(template, "{{")) != NULL; template = rest) {
        bool markup;
        const struct template_value *value = value_at(at, values, &markup, &rest);

        fwrite(template, 1, (size_t)(at - template), out);
        if (!value) {
            rest = at + 2;
            fwrite(at, 1, 2, out);
        } else if (value->text && markup) {
            fputs(value->text, out);
        } else if (value->text) {
            write_text(out, value->text, value->columns);
        }
    }
    fputs(template, out);
}
