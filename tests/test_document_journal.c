/* The lines of a journal: what is written is read, and no cut and no change passes for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document_journal.h"

/* A journal of four lines, to be freed. */
static char *sample_text(void)
{
    static const char *const names[] = {"plan", "begin", "end", "finish"};
    struct event_chain chain = {0};
    struct error error = {0};
    char *all = calloc(1, 8192);

    for (size_t i = 0; i < 4; i++) {
        struct event event = {0};
        char *line;
        strcpy(event.name, names[i]);
        facts_number(&event.facts, "elapsed_seconds", NULL, 0.1 * (double)i);
        facts_text(&event.facts, "text", NULL, "\"quotes\", \\ and µ");
        facts_boolean(&event.facts, "truth", NULL, i & 1);
        assert_true(event_add(&event, "repetition\tfirst\t18446744073709551615"));
        assert_true(event_add(&event, ""));
        assert_int_equal(event_text(&event, &chain, &line, &error), STATUS_OK);
        strcat(all, line);
        free(line);
        event_close(&event);
    }
    return all;
}

/* Number of events that are read, or −1 with the error's text. */
static long read_events(const char *text, size_t length, struct error *error)
{
    struct events events;
    enum status status;
    long count;

    *error = (struct error){0};
    status = events_read(&events, text, length, error);
    count = status ? -1 : (long)events.count;
    if (status)
        assert_int_equal(status, STATUS_FORMAT);
    events_close(&events);
    return count;
}

static void test_what_is_written_is_read(void **state)
{
    char *text = sample_text();
    struct events events;
    struct error error = {0};
    const struct event *event;

    (void)state;
    assert_int_equal(events_read(&events, text, strlen(text), &error), STATUS_OK);
    assert_int_equal(events.count, 4);
    assert_int_equal(events.chain.seq, 4);
    assert_int_equal(events.good_bytes, strlen(text));
    event = &events.items[3];
    assert_string_equal(event->name, "finish");
    assert_true(facts_find(&event->facts, "elapsed_seconds")->number == 0.1 * 3);
    assert_string_equal(facts_find(&event->facts, "text")->text, "\"quotes\", \\ and µ");
    assert_true(facts_find(&event->facts, "truth")->boolean);
    assert_int_equal(event->string_count, 2);
    assert_string_equal(event->strings[0], "repetition\tfirst\t18446744073709551615");
    assert_string_equal(event->strings[1], "");
    events_close(&events);
    free(text);
}

static void test_bytes_that_are_no_text_are_replaced(void **state)
{
    struct event event = {.name = "end"};
    struct event_chain chain = {0};
    struct error error = {0};
    char *line;

    (void)state;
    assert_true(event_add(&event, "a\xff\x01z"));
    assert_int_equal(event_text(&event, &chain, &line, &error), STATUS_OK);
    assert_non_null(strstr(line, "a\xef\xbf\xbd\\u0001z"));
    assert_int_equal(read_events(line, strlen(line), &error), 1);
    free(line);
    event_close(&event);
}

static void test_a_cut_at_any_byte_loses_one_line(void **state)
{
    char *text = sample_text();
    struct error error;
    long whole = 0;

    (void)state;
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        whole += cut > 0 && text[cut - 1] == '\n';
        assert_int_equal(read_events(text, cut, &error), whole);
    }
    assert_int_equal(whole, 4);
    free(text);
}

static void test_no_changed_byte_passes(void **state)
{
    char *text = sample_text();
    size_t length = strlen(text), last = length - 1;
    struct error error;

    (void)state;
    while (text[last - 1] != '\n')
        last--;
    for (size_t i = 0; i < length; i++) {
        long count;
        text[i] ^= i % 2 ? 1 : 0x20;
        count = read_events(text, length, &error);
        if (i + 1 < last)
            assert_int_equal(count, -1);
        else /* the last line is as good as torn, and one with the line before it where the end of that is gone */
            assert_int_equal(count, i < last ? 2 : 3);
        text[i] ^= i % 2 ? 1 : 0x20;
    }
    free(text);
}

/* Lines of the sample in another order: their numbers, −1 for none. */
static void check_order(const int order[5], const char *says)
{
    char *text = sample_text(), *lines[4], *cursor = text, all[16384] = "";
    struct error error;

    for (size_t i = 0; i < 4; i++)
        lines[i] = strsep(&cursor, "\n");
    for (size_t i = 0; i < 5; i++)
        if (order[i] >= 0)
            strcat(strcat(all, lines[order[i]]), "\n");
    assert_int_equal(read_events(all, strlen(all), &error), -1);
    if (!strstr(error.text, says))
        fail_msg("'%s' does not say '%s'", error.text, says);
    free(text);
}

static void test_lines_missing_doubled_or_moved(void **state)
{
    (void)state;
    check_order((const int[]){1, 2, 3, -1, -1}, "line 1: its seq is not 0");
    check_order((const int[]){0, 2, 3, -1, -1}, "line 2: its seq is not 1");
    check_order((const int[]){0, 1, 3, -1, -1}, "line 3: its seq is not 2");
    check_order((const int[]){0, 1, 1, 2, 3}, "line 3: its seq is not 2");
    check_order((const int[]){0, 2, 1, 3, -1}, "line 2: its seq is not 1");
}

static void test_a_chain_of_other_hashes_breaks(void **state)
{
    char *text = sample_text(), *line, all[16384] = "";
    struct event event = {.name = "begin"};
    struct event_chain chain = {1, "0123"};
    struct error error = {0};

    (void)state;
    assert_int_equal(event_text(&event, &chain, &line, &error), STATUS_OK);
    strcat(strncat(all, text, strcspn(text, "\n") + 1), line);
    assert_int_equal(read_events(all, strlen(all), &error), -1);
    assert_non_null(strstr(error.text, "prev"));
    assert_int_equal(read_events("\n\n", 2, &error), -1);
    assert_int_equal(read_events("\n", 1, &error), 0);
    assert_int_equal(read_events("", 0, &error), 0);
    free(line);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(test_a_cut_at_any_byte_loses_one_line),
        cmocka_unit_test(test_no_changed_byte_passes),
        cmocka_unit_test(test_lines_missing_doubled_or_moved),
        cmocka_unit_test(test_a_chain_of_other_hashes_breaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
