#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document_schema.h"
#include "tests/sample_document.h"

static void test_schema_language(void **state)
{
    static const char *const bad[][2] = {
        {"{\"oneOf\":[]}", "\"oneOf\""},
        {"{\"properties\":{\"a\":{\"maxItems\":3}}}", "\"maxItems\""},
        {"{\"definitions\":{\"x\":{\"items\":{\"uniqueItems\":true}}}}", "\"uniqueItems\""},
        {"{\"if\":{\"not\":{}}}", "\"not\""},
        {"{\"type\":\"text\"}", "\"type\""},
        {"{\"type\":[]}", "\"type\""},
        {"{\"type\":[\"string\",5]}", "\"type\""},
        {"{\"pattern\":\"(\"}", "\"pattern\""},
        {"{\"pattern\":5}", "\"pattern\""},
        {"{\"format\":\"email\"}", "\"format\""},
        {"{\"$ref\":\"#/definitions/none\"}", "\"$ref\""},
        {"{\"$ref\":\"http://example.org\"}", "\"$ref\""},
        {"{\"enum\":[]}", "\"enum\""},
        {"{\"required\":\"a\"}", "\"required\""},
        {"{\"required\":[1]}", "\"required\""},
        {"{\"items\":[{}]}", "\"items\""},
        {"{\"properties\":[]}", "\"properties\""},
        {"{\"minimum\":\"1\"}", "\"minimum\""},
        {"{\"maximum\":null}", "\"maximum\""},
        {"{\"maxLength\":\"1\"}", "\"maxLength\""},
        {"{\"additionalProperties\":7}", "\"additionalProperties\""},
        {"[]", "internal"},
        {"{", "not JSON"},
    };
    struct schema *schema;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(schema_open(&schema, bad[i][0], &error), STATUS_FAILED);
        assert_null(schema);
        if (!strstr(error.text, bad[i][1]) || !strstr(error.text, "internal"))
            fail_msg("%s says %s", bad[i][0], error.text);
    }
}

static void test_schema_rules(void **state)
{
    static const struct {
        const char *schema, *value;
        bool met;
    } cases[] = {
        {"{}", "5", true},
        {"{\"type\":\"integer\"}", "5.0", true},
        {"{\"type\":\"integer\"}", "5.5", false},
        {"{\"type\":\"number\"}", "5", true},
        {"{\"type\":[\"null\",\"boolean\"]}", "false", true},
        {"{\"type\":[\"null\",\"boolean\"]}", "0", false},
        {"{\"const\":{\"a\":[1]}}", "{\"a\":[1]}", true},
        {"{\"const\":{\"a\":[1]}}", "{\"a\":[2]}", false},
        {"{\"const\":null}", "null", true},
        {"{\"enum\":[1,\"a\",null]}", "\"a\"", true},
        {"{\"enum\":[1,\"a\",null]}", "\"A\"", false},
        {"{\"minLength\":2}", "\"\xc2\xb1\"", false},
        {"{\"minLength\":2}", "\"\xc2\xb1\xc2\xb1\"", true},
        {"{\"maxLength\":1}", "\"\xc2\xb1\"", true},
        {"{\"maxLength\":1}", "\"ab\"", false},
        {"{\"maximum\":2}", "2", true},
        {"{\"maximum\":2}", "2.5", false},
        {"{\"minLength\":2}", "5", true},
        {"{\"pattern\":\"b\"}", "\"abc\"", true},
        {"{\"pattern\":\"^b\"}", "\"abc\"", false},
        {"{\"items\":{\"type\":\"string\"},\"minItems\":1}", "[\"a\",\"b\"]", true},
        {"{\"items\":{\"type\":\"string\"}}", "[\"a\",1]", false},
        {"{\"items\":false}", "[]", true},
        {"{\"items\":false}", "[1]", false},
        {"{\"minItems\":1}", "[]", false},
        {"{\"minItems\":1}", "{}", true},
        {"{\"properties\":{\"a\":{\"minimum\":0}},\"additionalProperties\":false}", "{\"a\":1}", true},
        {"{\"properties\":{\"a\":{\"minimum\":0}},\"additionalProperties\":false}", "{\"a\":-1}", false},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"b\":1}", false},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":1,\"b\":null}", true},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":1,\"b\":1}", false},
        {"{\"propertyNames\":{\"pattern\":\"^x\"}}", "{\"x1\":0}", true},
        {"{\"propertyNames\":{\"pattern\":\"^x\"}}", "{\"y1\":0}", false},
        {"{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":1},\"else\":{\"minimum\":3}}", "\"\"", false},
        {"{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":1},\"else\":{\"minimum\":3}}", "2", false},
        {"{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":1},\"else\":{\"minimum\":3}}", "3", true},
        {"{\"then\":false}", "1", true},
        {"{\"$ref\":\"#/definitions/n\",\"type\":\"string\",\"definitions\":{\"n\":{\"type\":\"number\"}}}", "1", true},
        {"{\"$ref\":\"#/definitions/n\",\"definitions\":{\"n\":{\"type\":\"number\"}}}", "\"1\"", false},
        {"{\"$ref\":\"#/definitions/n\",\"definitions\":{\"n\":{\"$ref\":\"#/definitions/n\"}}}", "1", false},
        {"{\"format\":\"date-time\"}", "\"2026-11-22T15:04:05Z\"", true},
        {"{\"format\":\"date-time\"}", "\"2026-11-22\"", false},
        {"{\"title\":\"t\",\"description\":\"d\",\"default\":1,\"$comment\":\"c\",\"$id\":\"i\"}", "1", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schema *schema = NULL;
        struct error error = {0};
        cJSON *value = cJSON_Parse(cases[i].value);
        assert_int_equal(schema_open(&schema, cases[i].schema, &error), STATUS_OK);
        if ((schema_check(schema, value, false, &error) == STATUS_OK) != cases[i].met)
            fail_msg("case %zu: %s", i, error.text);
        assert_int_equal(schema_check(schema, value, false, NULL) == STATUS_OK, cases[i].met);
        cJSON_Delete(value);
        schema_close(schema);
    }
}

/* Every figure of fields.inc may stand in a summary. */
static void test_schema_knows_fields(void **state)
{
    char *text = sample_text(), *changed;
    cJSON *document = cJSON_Parse(text), *summary = at(document, "cells.4.summary");
    struct error error = {0};

    (void)state;
    for (int i = 0; i < FIELD_COUNT; i++)
        cJSON_AddItemToObject(summary, field_info((enum field)i)->name,
                              cJSON_Parse("{\"value\":null,\"reason\":\"none\",\"better\":\"lower\"}"));
    changed = sign(document);
    if (validate(changed, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    free(changed);
    cJSON_Delete(document);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_language),
        cmocka_unit_test(test_schema_rules),
        cmocka_unit_test(test_schema_knows_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
