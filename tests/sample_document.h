/* Result documents to take apart, for the tests of the document. */
#ifndef POCKETMARK_TESTS_SAMPLE_DOCUMENT_H
#define POCKETMARK_TESTS_SAMPLE_DOCUMENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/document_tree.h"
#include "tests/sample_record.h"

/* The document of the sample record, to be freed. */
static inline char *sample_text(void)
{
    struct record record;
    struct error error = {0};
    char *text = NULL;

    sample_record(&record);
    assert_int_equal(document_text(&record, &text, &error), STATUS_OK);
    record_close(&record);
    return text;
}

static inline enum status validate(const char *text, struct error *error)
{
    return document_validate(text, strlen(text), error);
}

/* The member at a path of names and indices, "cells.0.summary". */
static inline cJSON *at(cJSON *node, const char *path)
{
    char copy[200], *rest = copy;

    snprintf(copy, sizeof copy, "%s", path);
    for (char *step = strsep(&rest, "."); step && *step; step = strsep(&rest, ".")) {
        node =
            cJSON_IsArray(node) ? cJSON_GetArrayItem(node, atoi(step)) : cJSON_GetObjectItemCaseSensitive(node, step);
        assert_non_null(node);
    }
    return node;
}

/* Sets a key of both trees, where it is a text. */
static inline void sign_key(cJSON *object, cJSON *copy, const char *name, const char *hex)
{
    cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(object, name), hex);
    cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(copy, name), hex);
}

/* Keys of a list of cells, which may be missing. */
static inline void sign_cells(cJSON *document, cJSON *copy, const char *list)
{
    cJSON *cells = cJSON_GetObjectItemCaseSensitive(document, list);
    cJSON *cell = cells ? cells->child : NULL, *other = cell ? at(copy, list)->child : NULL;
    char key[DIGEST_HEX];

    for (; cell; cell = cell->next, other = other->next) {
        assert_true(document_cell_key(other, key));
        sign_key(cell, other, "comparability_key_sha256", key);
    }
}

/* Prints with all hashes made right again; a tree that is no document any more is printed as it is. */
static inline char *sign(cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document), key[DIGEST_HEX], payload[DIGEST_HEX];
    cJSON *copy = cJSON_Parse(text);

    sign_cells(document, copy, "cells");
    sign_cells(document, copy, "predictions");
    if (document_comparability(copy, key))
        sign_key(at(document, "integrity"), at(copy, "integrity"), "comparability_key_sha256", key);
    assert_true(document_payload(copy, payload));
    cJSON_SetValuestring(at(document, "integrity.payload_sha256"), payload);
    cJSON_Delete(copy);
    cJSON_free(text);
    return cJSON_Print(document);
}

#endif
