/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_malloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

/* How many allocations are left until the one that fails; 0: none will. */
static size_t countdown;

/* The linker's names for the functions of ours (wrap) and of the C library (real). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static bool must_fail(void)
{
    return countdown && --countdown == 0;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return must_fail() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return must_fail() ? NULL : __real_reallocarray(p, n, size);
}

void fault_malloc_at(size_t n)
{
    countdown = n;
}

bool fault_malloc_has_failed(void)
{
    return countdown == 0;
}

size_t fault_malloc_each(int (*run)(void *user), void *user)
{
    for (size_t n = 1;; n++) {
        countdown = n;
        int r = run(user);
        bool has_failed = countdown == 0;
        countdown = 0;
        assert_int_equal(r, has_failed ? ERR_NO_MEMORY : 0);
        if (!has_failed)
            return n - 1;
    }
}
