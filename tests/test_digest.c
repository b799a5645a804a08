#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/digest.h"

/* Published vectors (FIPS 180-4 examples). */
static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char of_million_a[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void test_bytes(void **state)
{
    char hex[DIGEST_HEX], *many = malloc(1000000);

    (void)state;
    assert_non_null(many);
    memset(many, 'a', 1000000);
    digest_bytes("", 0, hex);
    assert_string_equal(hex, of_nothing);
    digest_bytes("abc", 3, hex);
    assert_string_equal(hex, of_abc);
    digest_bytes(many, 1000000, hex);
    assert_string_equal(hex, of_million_a);
    free(many);
}

static void test_file(void **state)
{
    char path[] = P_tmpdir "/pocketmark-digest-XXXXXX", hex[DIGEST_HEX];
    int file = mkstemp(path);
    struct error error;
    char block[1000];

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(digest_file(path, hex, &error), STATUS_OK);
    assert_string_equal(hex, of_nothing);
    memset(block, 'a', sizeof block);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(write(file, block, sizeof block), sizeof block);
    close(file);
    assert_int_equal(digest_file(path, hex, &error), STATUS_OK);
    assert_string_equal(hex, of_million_a);
    unlink(path);
}

static void test_refuses(void **state)
{
    char hex[DIGEST_HEX] = "x";
    struct error error;

    (void)state;
    assert_int_equal(digest_file("/nonexistent/model.gguf", hex, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/nonexistent/model.gguf"));
    assert_string_equal(hex, "");
    assert_int_equal(digest_file("/", hex, &error), STATUS_IO);
    assert_int_equal(digest_file("", hex, NULL), STATUS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
