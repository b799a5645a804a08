/* The thread pool: every share is run once, barriers hold, counters and offers hand out each number once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/buffer.h"
#include "devices/host.h"
#include "devices/threads.h"

enum { MOST = 4, ROUNDS = 300, ITEMS = 1000 };

struct work {
    struct threads *threads;
    int values[MOST]; /* plain on purpose: only the barrier orders them */
    atomic_int wrong;
    atomic_int taken[ITEMS];
};

/* As many threads as may be pinned; more than there are processors share them. */
static struct threads *open_pool(size_t count)
{
    struct threads *threads;
    struct host host;
    struct error error;
    unsigned cpus[HOST_CPUS_MAX], chosen[MOST];
    size_t available;

    assert_int_equal(host_read(&host, NULL, &error), STATUS_OK);
    available = host_performance_cpus(&host, cpus, HOST_CPUS_MAX);
    assert_true(available > 0);
    for (size_t i = 0; i < count; i++)
        chosen[i] = cpus[i % available];
    assert_int_equal(threads_open(&threads, chosen, count, &error), STATUS_OK);
    assert_int_equal(threads_count(threads), count);
    return threads;
}

static void meet(void *context, size_t thread)
{
    struct work *work = context;
    size_t count = threads_count(work->threads);

    for (int round = 1; round <= ROUNDS; round++) {
        work->values[thread] = round;
        threads_barrier(work->threads, thread);
        for (size_t t = 0; t < count; t++)
            if (work->values[t] != round)
                atomic_fetch_add(&work->wrong, 1);
        threads_barrier(work->threads, thread);
    }
}

static void test_barriers_order_memory(void **state)
{
    (void)state;
    for (size_t count = 1; count <= MOST; count++) {
        struct work work = {.threads = open_pool(count)};
        threads_run(work.threads, meet, &work);
        threads_run(work.threads, meet, &work);
        assert_int_equal(atomic_load(&work.wrong), 0);
        threads_close(work.threads);
    }
}

static void claim(void *context, size_t thread)
{
    struct work *work = context;
    size_t item;

    if (thread == 0)
        threads_counter_reset(work->threads, 1);
    threads_barrier(work->threads, thread);
    while ((item = threads_counter_add(work->threads, 1, 1)) < ITEMS)
        atomic_fetch_add(&work->taken[item], 1);
}

static void test_counters_hand_out_each_item_once(void **state)
{
    struct work work = {.threads = open_pool(3)};

    (void)state;
    for (int run = 1; run <= 3; run++) {
        threads_run(work.threads, claim, &work);
        for (size_t i = 0; i < ITEMS; i++)
            assert_int_equal(atomic_load(&work.taken[i]), run);
    }
    threads_close(work.threads);
}

/* Rounds a barrier apart, each thread offering another number of pieces in each. */
static void help(void *context, size_t thread)
{
    struct work *work = context;
    size_t count = threads_count(work->threads), piece;

    for (size_t round = 0; round < ITEMS / MOST; round++) {
        threads_offer(work->threads, thread, round % THREADS_OFFERS, (round + thread) % MOST);
        for (size_t i = 0; i < count; i++) {
            size_t owner = (thread + i) % count;
            while (threads_take(work->threads, owner, round % THREADS_OFFERS, &piece)) {
                if (piece >= (round + owner) % MOST)
                    atomic_fetch_add(&work->wrong, 1);
                atomic_fetch_add(&work->taken[round], 1 + (int)piece);
            }
        }
        threads_barrier(work->threads, thread);
    }
}

static void test_offers_are_taken_once_by_anyone(void **state)
{
    (void)state;
    for (size_t count = 1; count <= MOST; count++) {
        struct work *work = calloc(1, sizeof *work);
        work->threads = open_pool(count);
        threads_run(work->threads, help, work);
        assert_int_equal(atomic_load(&work->wrong), 0);
        for (size_t round = 0; round < ITEMS / MOST; round++) {
            size_t want = 0;
            for (size_t t = 0; t < count; t++)
                want += (round + t) % MOST * ((round + t) % MOST + 1) / 2;
            assert_int_equal(atomic_load(&work->taken[round]), want);
        }
        threads_close(work->threads);
        free(work);
    }
}

static void test_shares_cover_everything_once(void **state)
{
    static const size_t grains[] = {1, 2, 16, 4096};
    struct threads *threads = open_pool(3);

    (void)state;
    for (size_t g = 0; g < 4; g++)
        for (size_t count = 0; count < 100; count++) {
            size_t expected = 0, begin, end;
            for (size_t t = 0; t < 3; t++) {
                threads_share(threads, t, count, grains[g], &begin, &end);
                assert_int_equal(begin, expected);
                assert_true(begin % grains[g] == 0 || begin == count);
                expected = end;
            }
            assert_int_equal(expected, count);
        }
    threads_close(threads);
}

static void test_unknown_processor_is_named(void **state)
{
    struct threads *threads;
    struct error error;
    unsigned cpu = 8191;

    (void)state;
    assert_int_equal(threads_open(&threads, &cpu, 1, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "8191"));
    assert_null(threads);
}

static void test_buffers_are_zero_and_aligned(void **state)
{
    struct buffer buffer;
    struct error error;

    (void)state;
    for (int huge = 0; huge < 2; huge++) {
        assert_int_equal(buffer_open(&buffer, 5000001, huge, &error), STATUS_OK);
        assert_int_equal(buffer.bytes, 5000001);
        assert_int_equal((uintptr_t)buffer.data % (huge ? 2u << 20 : 4096), 0);
        for (size_t i = 0; i < buffer.bytes; i += 4095)
            assert_int_equal(((unsigned char *)buffer.data)[i], 0);
        buffer_close(&buffer);
        assert_null(buffer.data);
    }
    assert_int_equal(buffer_open(&buffer, SIZE_MAX, true, &error), STATUS_MEMORY);
    assert_int_equal(buffer_open(&buffer, (size_t)1 << 60, false, &error), STATUS_MEMORY);
    assert_non_null(strstr(error.text, "1152921504606846976"));
    buffer_close(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barriers_order_memory),           cmocka_unit_test(test_counters_hand_out_each_item_once),
        cmocka_unit_test(test_offers_are_taken_once_by_anyone), cmocka_unit_test(test_shares_cover_everything_once),
        cmocka_unit_test(test_unknown_processor_is_named),      cmocka_unit_test(test_buffers_are_zero_and_aligned),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
