/* A site in its folder: what is written, kept and removed, and what stands on the pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "reports/digest.h"
#include "reports/input.h"
#include "reports/page/site.h"
#include "reports/page/site_output.h"
#include "reports/page/site_walk.h"
#include "tests/site_results.h"

static const char hostile[] = "<script>alert('1')</script> & \"Core\"\n\xe2\x80\xaegnp.exe";

/* ---- names -------------------------------------------------------------------------------------------------------------- */

static void test_names(void **state)
{
    static const char *const ours[] = {"index.html", "index-first-token.html", "device/a-1.html", "pair/a--vs--b.html",
                                       "results/019a6f2c-0001-7c4d-8e5f-000000000001.json"};
    static const char *const others[] = {"",
                                         "/",
                                         "..",
                                         "../index.html",
                                         "device/../x.html",
                                         "device/.html",
                                         "device/",
                                         "device/a.json",
                                         "results/a.html",
                                         "notes.html",
                                         "index.htm",
                                         "index.html/",
                                         "device/A.html",
                                         "device/a/b.html",
                                         "/etc/passwd",
                                         "results/../../x.json",
                                         "device/a.html\n",
                                         "indexa b.html",
                                         "other/a.html",
                                         "dev/a.html",
                                         "index.html.html"};

    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_true(site_name_ours(ours[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(site_name_ours(others[i]));
}

/* ---- a whole site ------------------------------------------------------------------------------------------------------- */

static void count_warning(const char *text, void *context)
{
    assert_non_null(text);
    ++*(size_t *)context;
}

static enum status build(const struct scratch_tree *tree, struct site_tally *tally, struct error *error)
{
    char in[PATH_MAX], out[PATH_MAX];
    size_t warnings = 0;
    const struct site_options options = {.folder = out, .pairs_most = 10, .warn = count_warning, .context = &warnings};
    const char *paths[] = {in};

    scratch_path(tree, "in", in, sizeof in);
    scratch_path(tree, "out", out, sizeof out);
    *error = (struct error){0};
    return site_build(paths, 1, &options, tally, error);
}

static bool there(const struct scratch_tree *tree, const char *path)
{
    char full[PATH_MAX];

    snprintf(full, sizeof full, "%s/%s", tree->root, path);
    return access(full, F_OK) == 0;
}

/* The text of a file of the tree, to be freed. */
static char *text_of(const struct scratch_tree *tree, const char *path)
{
    char full[PATH_MAX], *text;
    size_t length;

    snprintf(full, sizeof full, "%s/%s", tree->root, path);
    assert_int_equal(input_read(full, &text, &length, NULL), STATUS_OK);
    text = realloc(text, length + 1);
    assert_non_null(text);
    text[length] = '\0';
    return text;
}

static void put_results(const struct scratch_tree *tree)
{
    put_result(tree, &(struct site_result){.number = 1, .decode = 40, .file = "in/1.json"});
    put_result(tree,
               &(struct site_result){
                   .number = 2, .decode = 50, .device = "d-00000002", .processor = hostile, .file = "in/deep/2.json"});
    put_result(tree, &(struct site_result){.number = 3, .decode = 41, .file = "in/3.json"});
    put_result(tree, &(struct site_result){.number = 4,
                                           .decode = 30,
                                           .device = "d-00000004",
                                           .processor = "Emulated one",
                                           .origin = ORIGIN_EMULATED,
                                           .file = "in/4.json"});
}

/* Every relative address of a page leads to a file that is there. */
static size_t check_links(const struct scratch_tree *tree, const char *page, const char *up)
{
    char *text = text_of(tree, page), *at = text, address[512], path[1024];
    size_t count = 0;

    while ((at = strstr(at, "href=\"")) != NULL) {
        at += 6;
        snprintf(address, sizeof address, "%.*s", (int)strcspn(at, "\"#"), at);
        if (!*address || strncmp(address, "data:", 5) == 0)
            continue;
        snprintf(path, sizeof path, "out/%s%s", up, address);
        if (!there(tree, path))
            fail_msg("%s leads to %s", page, address);
        count++;
    }
    free(text);
    return count;
}

static void check_pages(const struct scratch_tree *tree)
{
    char *manifest = text_of(tree, "out/" SITE_MANIFEST), *rest = manifest, *name, path[512];
    size_t pages = 0;

    strsep(&rest, "\n");
    while ((name = strsep(&rest, "\n")) && *name) {
        char *text;
        assert_true(site_name_ours(name));
        snprintf(path, sizeof path, "out/%s", name);
        if (strncmp(name, "results/", 8) == 0)
            continue;
        assert_true(check_links(tree, path, strchr(name, '/') ? "x/" : "") > 0);
        text = text_of(tree, path);
        assert_null(strstr(text, "<script>alert"));
        assert_null(strstr(text, "http:"));
        free(text);
        pages++;
    }
    assert_int_equal(pages, 5 + 3 + 1 + 1);
    free(manifest);
}

static void test_build(void **state)
{
    struct scratch_tree *tree = *state;
    struct site_tally tally;
    struct error error;
    char *in, *out, *index, *emulated;

    put_results(tree);
    scratch_write(tree, "out/x/here", "for addresses that begin with ../");
    scratch_remove(tree, "out/x/here");
    assert_int_equal(build(tree, &tally, &error), STATUS_IO); /* out/x is there, and not of a site */
    scratch_write(tree, "out/" SITE_MANIFEST, "pocketmark site 1\n");
    assert_int_equal(build(tree, &tally, &error), STATUS_OK);
    assert_int_equal(tally.results, 4);
    assert_int_equal(tally.devices, 3);
    assert_int_equal(tally.pairs, 1);
    check_pages(tree);
    in = text_of(tree, "in/deep/2.json");
    out = text_of(tree, "out/results/019a6f2c-0001-7c4d-8e5f-000000000002.json");
    assert_string_equal(in, out);
    /* real, then emulated figures in a table of their own */
    index = text_of(tree, "out/index.html");
    emulated = strstr(index, "id=\"t-emulated\"");
    assert_non_null(strstr(index, "id=\"t-figures\""));
    assert_non_null(emulated);
    assert_non_null(strstr(emulated, ">30.0 "));
    assert_non_null(strstr(strstr(index, "id=\"t-figures\""), "[40."));
    assert_true(strstr(index, ">30.0 ") > emulated);
    free(in);
    free(out);
    free(index);
}

static void digest_all(const struct scratch_tree *tree, char hex[DIGEST_HEX])
{
    char *manifest = text_of(tree, "out/" SITE_MANIFEST), *rest = strdup(manifest), *begin = rest, *name;
    char *all = NULL, path[512];
    size_t length;
    FILE *out = open_memstream(&all, &length);

    assert_true(out && rest);
    strsep(&rest, "\n");
    while ((name = strsep(&rest, "\n")) && *name) {
        char *text;
        snprintf(path, sizeof path, "out/%s", name);
        text = text_of(tree, path);
        fprintf(out, "%s\n%s\n", name, text);
        free(text);
    }
    fclose(out);
    digest_bytes(all, length, hex);
    free(all);
    free(begin);
    free(manifest);
}

/* The same results give the same bytes; pages that are no more are removed, and nothing else. */
static void test_rebuild(void **state)
{
    struct scratch_tree *tree = *state;
    struct site_tally tally;
    struct error error;
    char first[DIGEST_HEX], again[DIGEST_HEX], *manifest, *longer;

    put_results(tree);
    assert_int_equal(build(tree, &tally, &error), STATUS_OK);
    digest_all(tree, first);
    assert_int_equal(build(tree, &tally, &error), STATUS_OK);
    assert_int_equal(tally.removed, 0);
    digest_all(tree, again);
    assert_string_equal(first, again);

    scratch_write(tree, "out/.nojekyll", "");
    scratch_write(tree, "out/device/mine.html", "mine");
    scratch_write(tree, "victim.json", "not of the site");
    manifest = text_of(tree, "out/" SITE_MANIFEST);
    assert_true(asprintf(&longer, "%s../victim.json\nresults/../../victim.json\n.nojekyll\n", manifest) > 0);
    scratch_write(tree, "out/" SITE_MANIFEST, longer);
    free(manifest);
    free(longer);
    scratch_remove(tree, "in/deep/2.json");
    assert_int_equal(build(tree, &tally, &error), STATUS_OK);
    assert_int_equal(tally.removed, 3); /* the result, its device, the pair */
    assert_false(there(tree, "out/results/019a6f2c-0001-7c4d-8e5f-000000000002.json"));
    assert_true(there(tree, "out/.nojekyll"));
    assert_true(there(tree, "out/device/mine.html"));
    assert_true(there(tree, "victim.json"));
}

/* ---- refusals ----------------------------------------------------------------------------------------------------------- */

static void test_foreign_file(void **state)
{
    static const char taken[] = "out/results/019a6f2c-0001-7c4d-8e5f-000000000001.json";
    struct scratch_tree *tree = *state;
    struct site_tally tally;
    struct error error;
    char *text;

    put_results(tree);
    scratch_write(tree, "out/" SITE_MANIFEST, "pocketmark site 1\n");
    scratch_write(tree, taken, "mine");
    assert_int_equal(build(tree, &tally, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "000000000001.json"));
    assert_false(there(tree, "out/index.html"));
    text = text_of(tree, taken);
    assert_string_equal(text, "mine");
    free(text);
}

static void test_refusals(void **state)
{
    struct scratch_tree *tree = *state;
    struct site_tally tally;
    struct error error;

    put_results(tree);
    scratch_write(tree, "out/notes.txt", "mine");
    assert_int_equal(build(tree, &tally, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "not empty"));
    scratch_remove(tree, "out/notes.txt");
    scratch_write(tree, "out/" SITE_MANIFEST, "another program's\n");
    assert_int_equal(build(tree, &tally, &error), STATUS_IO);
    scratch_write(tree, "out/" SITE_MANIFEST, "");
    assert_int_equal(build(tree, &tally, &error), STATUS_IO);
    assert_true(there(tree, "out/" SITE_MANIFEST));
}

/* A folder that was made for nothing is taken away again. */
static void test_no_results(void **state)
{
    struct scratch_tree *tree = *state;
    struct site_tally tally;
    struct error error;

    scratch_write(tree, "in/x.json", "{}");
    assert_int_equal(build(tree, &tally, &error), STATUS_FORMAT);
    assert_false(there(tree, "out"));
    scratch_write(tree, "out", "a file");
    assert_int_equal(build(tree, &tally, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "is a file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_build, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_rebuild, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_foreign_file, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_no_results, scratch_setup, scratch_teardown),
    };

    /* no gnuplot: pages come without charts, and quickly */
    setenv("PATH", "/nowhere", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
