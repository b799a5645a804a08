/* Makes the wall clock jump, for tests that nothing is measured by it: each reading of CLOCK_REALTIME in a process lies a day
 * before or behind the true time, in turn.
 *
 *     LD_PRELOAD=build/tests/clock_jump.so program
 */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { JUMP_SECONDS = 24 * 60 * 60 };

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static atomic_uint readings;
    int result = (int)syscall(SYS_clock_gettime, clock, now);

    if (result == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += atomic_fetch_add(&readings, 1) % 2 ? JUMP_SECONDS : -JUMP_SECONDS;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    *now = (struct timeval){.tv_sec = exact.tv_sec, .tv_usec = exact.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now)
{
    struct timespec exact;

    clock_gettime(CLOCK_REALTIME, &exact);
    if (now)
        *now = exact.tv_sec;
    return exact.tv_sec;
}
